#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Runs the broadcast scenarios over LMAX's Disruptor and over weir in turn, on the same CPUs, and prints the median of each in items
# per second and weir's as a multiple.
#
#     bench/disruptor/run.sh WEIR-BENCH [RUNS]
#
# Needs Debian's packages default-jdk-headless and libdisruptor-java, and python3.
set -euo pipefail

(($# >= 1)) || { echo "usage: $0 WEIR-BENCH [RUNS]" >&2; exit 2; }
bench=$1 runs=${2:-7}
jar=/usr/share/java/disruptor.jar
for needed in javac java python3; do
    command -v "$needed" >/dev/null || { echo "$0: '$needed' is not there; install default-jdk-headless and python3" >&2; exit 1; }
done
[[ -e $jar ]] || { echo "$0: '$jar' is not there; install libdisruptor-java" >&2; exit 1; }

folder=$(mktemp --directory)
trap 'rm --recursive "$folder"' EXIT
javac -cp "$jar" -d "$folder" "$(dirname "${BASH_SOURCE[0]}")/Feed.java"

# median FILE: of numbers, a line each
median() { python3 -c 'import statistics, sys; print(statistics.median(map(float, open(sys.argv[1]))))' "$1"; }

printf '%-10s %16s %16s %8s\n' shape 'Disruptor /s' 'weir /s' ratio
for shape in 1P1C 1P3C diamond 3P1C; do
    : >"$folder/java" >"$folder/weir"
    for ((run = 0; run < runs; ++run)); do
        # The first run in a process is slow, since Java compiles while it runs.
        java -cp "$folder:$jar" Feed "$shape" 20000000 3 | tail --lines 1 >>"$folder/java"
        "$bench" --benchmark_filter="^broadcast/$shape/" --rounds 3 --json "$folder/json" >/dev/null
        python3 - "$folder/json" "$shape" >>"$folder/weir" <<'PYTHON'
import json, sys
kind = "weir::broadcast_ring" if sys.argv[2] != "3P1C" else "weir::broadcast_ring, many_producers"
for row in json.load(open(sys.argv[1]))["summary"]:
    if row["queue"] == kind:
        print(row["items_per_s"])
PYTHON
    done
    theirs=$(median "$folder/java") ours=$(median "$folder/weir")
    printf '%-10s %16.4g %16.4g %8.2f\n' "$shape" "$theirs" "$ours" "$(python3 -c "print($ours / $theirs)")"
done
