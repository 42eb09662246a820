#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# ./dev bench --against in a small clone, with a stand-in for cmake that builds a stand-in for weir-bench: which commits and
# arguments are refused, what is left behind, and in which order the two programs run.
set -euo pipefail
dev=$1
stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
export GIT_CONFIG_GLOBAL=/dev/null GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b

mkdir -p "$stage/tools" "$stage/clone/bench"
cp "$dev" "$stage/clone/dev"
cp "$(dirname "$dev")/bench/against.sh" "$stage/clone/bench"
printf '#!/bin/sh\nprintf installed\n' >"$stage/tools/dpkg-query"
# Commit by commit, `program` is what cmake builds.
printf '%s\n' '#!/bin/sh' '[ "$1" = --build ] || exit 0' '[ -s program ] || { echo "no program" >&2; exit 1; }' \
    'mkdir -p build/release/bench' 'cp program build/release/bench/weir-bench' >"$stage/tools/cmake"
chmod 755 "$stage"/tools/*
export PATH=$stage/tools:$PATH LOG=$stage/log

program() { # SCENARIO...: lists them with --benchmark_list_tests, and else writes results and notes who ran what
    cat <<TEXT
#!/bin/bash
case "\$*" in
*--benchmark_list_tests*) printf '%s/iterations:21/manual_time\n' $* ;;
*--paired*) echo report of \$2 ;;
*)
    for a; do
        case \$a in
        --json=*) printf '"pinned": true, "cores": [\n"2",\n"5"\n]' >"\${a#*=}" ;;
        --benchmark_filter=*) filter=\$a ;;
        --pin=*) pin=\$a ;;
        esac
    done
    case \$0 in build/against-*) who=other ;; *) who=this ;; esac
    echo "\$who \${filter#*=} \${pin-}" >>"\$LOG"
    ;;
esac
TEXT
}

cd "$stage/clone"
git init --quiet
printf 'build/\nout/\n' >.gitignore
git add . && git commit --quiet --message 'Begin'
git tag without_bench
touch bench/CMakeLists.txt && git add . && git commit --quiet --message 'Build nothing'
git tag broken
program gone mpmc/1+1 idle/1s >program && chmod 755 program && git add . && git commit --quiet --message 'Measure'
git tag old
program mpmc/1+1 added idle/1s >program && git add . && git commit --quiet --message 'Add a scenario'

what_is_there() {
    git worktree list | wc -l
    ls -A . build out 2>/dev/null || true
}

refused() { # WORDS ARGUMENTS...: exit code 2, one sentence of ./dev, and nothing left behind
    local code=0 output before
    before=$(what_is_there)
    output=$(./dev bench "${@:2}" 2>&1 >/dev/null) || code=$?
    if ((code != 2)) || [[ $(grep --count '^dev: --against' <<<"$output") != 1 || $output != *"$1"* ]]; then
        printf '%s: exit code %s (expected 2) and\n%s\nwhere a sentence with this is expected:\n%s\n' "${*:2}" "$code" "$output" "$1" >&2
        exit 1
    fi
    if [[ $(what_is_there) != "$before" ]]; then
        printf '%s left something behind:\n%s\n' "${*:2}" "$(what_is_there)" >&2
        exit 1
    fi
}
refused 'needs a commit: ./dev bench --against COMMIT' --against
refused 'needs a commit: ./dev bench --against COMMIT' --against --quick
refused '--against nonsense: there is no such commit in this clone; give a hash, tag or branch' --against nonsense
refused '--against nonsense: there is no such commit' --against=nonsense --quick
refused 'has no bench/CMakeLists.txt, so there is nothing to measure; give a later one' --against without_bench
refused '--json=x is not for comparing commits; give --quick' --against old --json=x
refused '--rounds 0: give 1 to 99999 pairs' --against old --rounds 0
refused '--rounds none: give 1 to 99999 pairs' --against old --rounds
mkdir build # of the worktree that is removed again
refused 'does not build here, as said above; give a later commit' --against broken

same() { # EXPECTED SEEN WHAT
    [[ $1 == "$2" ]] || {
        printf '%s:\n%s\nwhere this is expected:\n%s\n' "$3" "$2" "$1" >&2
        exit 1
    }
}
short=$(git rev-parse --short old)
output=$(./dev bench --against old --quick --rounds 5 2>/dev/null)
same "report of out/against-$short
out/against-$short" "$output" 'a comparison printed'
filter='^mpmc/1\+1/iterations:'
same "other $filter 
this $filter --pin=2,5
this $filter --pin=2,5
other $filter --pin=2,5
this $filter --pin=2,5
other $filter --pin=2,5
other $filter --pin=2,5
this $filter --pin=2,5" "$(cat "$LOG")" 'of the scenario in both, two visits ran'
same "$short Measure
gone
mpmc/1+1" "$(cat "out/against-$short/other.txt")" 'other.txt held'
same "this tree: $(git rev-parse --short HEAD) Add a scenario
mpmc/1+1
added" "$(cat "out/against-$short/this.txt")" 'this.txt held'
same "00001-other.json 00002-this.json 00003-this.json 00004-other.json 00005-this.json 00006-other.json 00007-other.json 00008-this.json" \
    "$(cd "out/against-$short" && echo ./*.json | sed 's,\./,,g')" 'the runs were called'

# The checkout is used again; where it has been changed, it is not what it is called.
rm "$LOG"
echo '# changed' >>program
./dev bench --against=old --rounds=1 --pin=0,1 >/dev/null 2>&1
same "other $filter --pin=0,1" "$(head -n 1 "$LOG")" 'with --pin the first run was'
same "this tree: $(git rev-parse --short HEAD) Add a scenario, changed since" "$(head -n 1 "out/against-$short/this.txt")" \
    'of a changed tree this.txt said'
echo '# changed' >>"build/against-$short/program"
refused "build/against-$short has been changed since it was made; remove it with: git worktree remove --force" --against old
