#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# usage: header_pairs.sh COMPILER INCLUDE
# Every two public headers of the folder INCLUDE in a file of their own: each pair must compile without a warning. Both orders
# are not needed: headers_together has all headers forward and in reverse.
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
pairs=$((${#headers[@]} * (${#headers[@]} - 1) / 2))
for ((i = 0; i < ${#headers[@]}; ++i)); do
    for ((j = 0; j < i; ++j)); do printf '%s %s\n' "${headers[i]}" "${headers[j]}"; done
done | xargs --max-args=2 --max-procs=2 bash -c 'check "$@"' check
echo "$compiler: all $pairs pairs of headers compile"
