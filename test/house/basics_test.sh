#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# usage: basics_test.sh EXAMPLES
# The programs of EXAMPLES/basics stay short and are found: 50 lines at most, public headers only, a first comment of one
# line that says what the program shows, and that sentence beside its name in EXAMPLES/README.md.
set -euo pipefail
cd "$1"
failed=0

fail() {
    echo "$*" >&2
    failed=1
}

index=$(<README.md)
for program in basics/*.cpp; do
    name=${program#basics/}
    name=${name%.cpp}
    mapfile -t lines <"$program"
    ((${#lines[@]} <= 50)) || fail "$program has ${#lines[@]} lines where 50 are allowed: show less, or make it two programs"
    [[ ${lines[*]} != *weir/detail* ]] || fail "$program includes a header of weir/detail; include the public one"
    says=${lines[1]#// }
    [[ ${lines[1]} == '// '*. ]] || fail "$program: line 2 must be a comment of one sentence that says what it shows"
    row="| [$name]($program) | $says |"
    [[ $index == *$'\n'"$row"$'\n'* ]] || fail "README.md lacks this line: $row"
done
while [[ $index =~ \((basics/[^\)]*)\) ]]; do
    [[ -e ${BASH_REMATCH[1]} ]] || fail "README.md lists ${BASH_REMATCH[1]}, which does not exist"
    index=${index#*"${BASH_REMATCH[0]}"}
done
exit $failed
