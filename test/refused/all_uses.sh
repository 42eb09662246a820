#!/bin/sh
# SPDX-License-Identifier: MIT
#
# all_uses.sh [--alone] SENTENCES FILE COMPILER [FLAG ...]: every use of FILE compiled as one, each in a namespace; line n of
# SENTENCES must be said for use n. A sentence that is said less often than uses need it, or errors beyond them if it must be
# the only one (--alone), leave open which use is wrong: those are compiled singly.
here=$(dirname "$0")
alone=
if [ "$1" = --alone ]; then
    alone=--alone
    shift
fi
sentences=$1
file=$2
shift 2

if output=$(awk -v file="$file" '{
        print "#undef USE\n#define USE " NR "\nnamespace use_" NR " {\n#include \"" file "\"\n}"
    }' "$sentences" | "$@" -x c++ - 2>&1); then
    echo "it compiled"
    exit 1
fi
output=$(echo "$output" | tr -s ' \n' ' ')
errors=$(echo "$output" | grep -o 'error:' | wc -l)
uses=$(wc -l < "$sentences")

failed=0
use=0
while read -r sentence; do
    use=$((use + 1))
    needed=$(grep -c -F -e "$sentence" "$sentences") # also in longer ones
    said=$(echo "$output" | grep -o -F -e "$sentence" | wc -l)
    if [ "$said" -lt "$needed" ] || { [ -n "$alone" ] && [ "$errors" -gt "$uses" ]; }; then
        echo "use $use singly"
        "$here/compile.sh" $alone "$sentence" "$@" "-DUSE=$use" "$file" < /dev/null || failed=1
    fi
done < "$sentences"
exit $failed
