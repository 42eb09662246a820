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

programs=(basics/*.cpp)
for program in "${programs[@]}"; do
    name=$(basename "$program" .cpp)
    lines=$(wc -l <"$program")
    ((lines <= 50)) || fail "$program has $lines lines; 50 are allowed: show less, or make it two programs"
    ! grep --quiet 'weir/detail' "$program" || fail "$program includes a header of weir/detail; include the public one"
    says=$(sed -n '2s,^// ,,p' "$program")
    [[ $says == *. ]] || fail "$program: line 2 must be a comment of one sentence that says what the program shows"
    grep --quiet --line-regexp --fixed-strings "| [$name]($program) | $says |" README.md ||
        fail "README.md lacks this line: | [$name]($program) | $says |"
done
for program in $(grep --only-matching '(basics/[^)]*)' README.md | tr -d '()'); do
    [[ -e $program ]] || fail "README.md lists $program, which does not exist"
done
exit $failed
