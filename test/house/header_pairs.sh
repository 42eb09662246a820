#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# usage: header_pairs.sh COMPILER INCLUDE
# Every public header of the folder INCLUDE before every other one, two to a file: each pair must compile without a warning.
set -euo pipefail
export compiler=$1 include=$2

check() { # FIRST SECOND
    printf '#include <%s>\n' "$@" |
        "$compiler" -std=c++20 -fsyntax-only "-I$include" -Wall -Wextra -Wconversion -Wshadow -Werror -x c++ - ||
        { echo "$compiler: <$2> does not compile after <$1>" >&2 && return 1; }
}
export -f check

cd "$include"
headers=(weir/*.hpp)
for first in "${headers[@]}"; do
    for second in "${headers[@]}"; do
        [[ $first == "$second" ]] || printf '%s %s\n' "$first" "$second"
    done
done | xargs --max-args=2 --max-procs=2 bash -c 'check "$@"' check
echo "$compiler: $((${#headers[@]} * (${#headers[@]} - 1))) pairs of headers compile"
