#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# usage: shm_table.sh SHM_MODEL PAGE
# Each row that the model prints stands in the page, and the page has no other row about a process that was killed.
set -euo pipefail
table=$("$1" --table)
page=$(<"$2")
failed=0
rows=0
while IFS= read -r row; do
    [[ $row == '|'* ]] || continue
    rows=$((rows + 1))
    [[ $'\n'$page$'\n' == *$'\n'"$row"$'\n'* ]] || {
        echo "$2 lacks this row: $row" >&2
        failed=1
    }
done <<<"$table"
((rows > 6)) || { echo "the model printed $rows rows" >&2; failed=1; }
there=$(sed -n '/^| the .* was killed |/,/^$/p' "$2" | grep -c '^|')
((there == rows)) || { echo "$2 has $there rows of a killed process, and the model $rows: paste what $1 --table prints" >&2; failed=1; }
exit $failed
