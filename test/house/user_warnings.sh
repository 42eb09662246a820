#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# usage: user_warnings.sh COMPILER INCLUDE LEVEL...
# Compiles each file of uses/ at every LEVEL of optimisation (0 to 3), as a user might who reads every warning: there must
# be none.
set -euo pipefail
export compiler=$1 include=$2
root=$(cd "$(dirname "$0")/../.." && pwd)
export root

check() { # LEVEL FILE
    local warnings=(-Wall -Wextra -Wconversion -Wshadow -Wnull-dereference -Werror)
    # What GCC understands of a loop at -O1 is too little for this one.
    [[ $1 != 1 ]] || warnings+=(-Wno-maybe-uninitialized)
    "$compiler" -std=c++20 "-O$1" -c -o /dev/null "-I$include" "-I$root" "${warnings[@]}" "$2" ||
        { echo "$compiler -O$1: a warning or error in $2" >&2 && return 1; }
    # Installed headers are the system's to the compiler; only so is -Wuseless-cast the user's own affair.
    [[ $1 != 0 || $("$compiler" --version) != *Free\ Software* ]] ||
        "$compiler" -std=c++20 -fsyntax-only -isystem "$include" "-I$root" "${warnings[@]}" -Wuseless-cast "$2"
}
export -f check

for level in "${@:3}"; do
    printf "$level %s\n" "$root"/test/house/uses/*.cpp
done | xargs --max-args=2 --max-procs=2 bash -c 'check "$@"' check
