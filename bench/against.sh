# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154
# ./dev bench --against COMMIT [ARGS]: weir-bench of another commit and of this tree, run in turn on the same cores. Sourced by
# ./dev, whose functions it uses; bench/report/against.cpp computes the report.
#
# Scenarios are visited in turn, several times. A visit is four runs: other, this, this, other; the next visit has the reverse order.
# So neither program always runs first, and the two runs in the middle show how much neighbouring runs of one program differ. A run
# has two rounds, in which each thread is the producer once. So a visit gives four paired samples for each queue.

usable='--quick, --rounds, --pin, --plan, --queues, --capacity, --sample-ms, --seed or --benchmark_filter'
pairs_per_visit=4
least_visits=2

# refuse SENTENCE: a usage error.
refuse() {
    echo "dev: $*" >&2
    exit 2
}

# find_commit COMMIT: sets `hash` and `short`.
find_commit() {
    command -v git >/dev/null || refuse "--against $1: git is needed to find that commit; install it"
    git rev-parse --git-dir >/dev/null 2>&1 || refuse "--against $1: this folder is not a git clone; clone the repository"
    hash=$(git rev-parse --verify --quiet --end-of-options "$1^{commit}" 2>/dev/null) ||
        refuse "--against $1: there is no such commit in this clone; give a hash, tag or branch that 'git log' knows, or fetch it"
    short=$(git rev-parse --short "$hash")
    git cat-file -e "$hash:bench/CMakeLists.txt" 2>/dev/null ||
        refuse "--against $1: commit $short has no bench/CMakeLists.txt, so there is nothing to measure; give a later one"
}

# check_out COMMIT: that commit in `tree`, or as it was left there by an earlier run.
check_out() {
    tree=build/against-$short
    if [[ -e $tree/.git ]]; then
        [[ $(git -C "$tree" rev-parse HEAD) == "$hash" ]] && git -C "$tree" diff --quiet HEAD && return
        refuse "--against $1: $tree has been changed since it was made; remove it with: git worktree remove --force $tree"
    fi
    git worktree prune
    git worktree add --quiet --detach "$tree" "$hash" >&2 ||
        refuse "--against $1: commit $short cannot be checked out in $tree; git says why above"
}

# build_both COMMIT: by the CMake and the release preset of each.
build_both() {
    echo "dev: building weir-bench of $short in $tree" >&2
    if ! (cd "$tree" && build release --target weir-bench); then
        git worktree remove --force "$tree"
        refuse "--against $1: weir-bench of commit $short does not build here, as said above; give a later commit"
    fi
    echo "dev: building weir-bench of this tree" >&2
    build release --target weir-bench
}

# scenarios_of PROGRAM [ARGS]: a line each. Scenarios of idle take seconds a queue: they run only where a filter asks for them.
scenarios_of() {
    local listed
    listed=$("$1" --benchmark_list_tests "${@:2}") || return
    listed=$(sed 's,/iterations:.*,,; s,/manual_time.*,,' <<<"$listed")
    [[ " ${*:2}" == *benchmark_filter* ]] || listed=$(sed '/^idle\//d' <<<"$listed")
    printf '%s\n' "$listed"
}

# run_one NAME PROGRAM SCENARIO: the next file in `runs`.
run_one() {
    local file filter=${3//+/\\+} code=0
    number=$((number + 1))
    file=$(printf '%s/%05d-%s.json' "$runs" "$number" "$1")
    "$2" "${arguments[@]}" "${pin[@]}" --rounds=2 --json="$file" --benchmark_filter="^$filter/iterations:" \
        >/dev/null 2>"$runs/errors.txt" || code=$?
    # Code 1 with results: a queue failed its check, which the report says.
    if [[ ! -s $file ]] || ((code > 1)); then
        cat "$runs/errors.txt" >&2
        fail "weir-bench ($1) could not run $3 and said why above; the runs before it are in $runs"
    fi
    # All runs on the cores that the first one has chosen.
    if ((${#pin[@]} == 0)) && [[ " ${arguments[*]}" != *" --pin"* && " ${arguments[*]}" != *" --plan"* ]]; then
        local cores
        cores=$(tr -d ' \n"' <"$file" | sed -n 's/.*pinned:true.*cores:\[\([0-9]*,[0-9]*\)\].*/\1/p')
        [[ -z $cores ]] || pin=(--pin="$cores")
    fi
}

# measure_in_turn SECONDS [VISITS]: visits until the time is up, or as many as given.
measure_in_turn() {
    local visit scenario began=$SECONDS visit_began
    for ((visit = 1; ; ++visit)); do
        visit_began=$SECONDS
        for scenario in "${both[@]}"; do
            [[ ! -t 2 ]] || printf '\r\033[Kvisit %d: %s' "$visit" "$scenario" >&2
            if ((visit % 2)); then
                run_one other "$that" "$scenario"
                run_one this "$this" "$scenario"
                run_one this "$this" "$scenario"
                run_one other "$that" "$scenario"
            else
                run_one this "$this" "$scenario"
                run_one other "$that" "$scenario"
                run_one other "$that" "$scenario"
                run_one this "$this" "$scenario"
            fi
        done
        if [[ -n $2 ]]; then
            ((visit < $2)) || break
        elif ((visit >= least_visits && SECONDS - began + SECONDS - visit_began > $1)); then
            break
        fi
    done
    [[ ! -t 2 ]] || printf '\r\033[K' >&2
    echo "dev: $visit visits, $number runs in $((SECONDS - began)) s" >&2
}

# against COMMIT [ARGS]
against() {
    local commit=${1-} hash short tree that this runs seconds=1500 visits='' number=0 state='' arguments=() pin=() both=()
    [[ -n $commit && $commit != -* ]] || refuse "--against needs a commit: ./dev bench --against COMMIT [ARGS]"
    find_commit "$commit"
    shift
    while (($#)); do
        case $1 in
        --quick) seconds=240 && arguments+=("$1") ;;
        --rounds) visits=${2:-none} && shift ;;
        --rounds=*) visits=${1#*=} ;;
        --json* | --hgrm* | --plot* | --compare* | --paired* | --list-queues | --help | \
            --benchmark_format* | --benchmark_out* | --benchmark_rep* | --benchmark_list*)
            refuse "--against $commit: $1 is not for comparing commits; give $usable"
            ;;
        *) arguments+=("$1") ;;
        esac
        (($# == 0)) || shift
    done
    if [[ -n $visits ]]; then
        [[ $visits =~ ^[1-9][0-9]{0,4}$ ]] ||
            refuse "--against $commit: --rounds $visits: give 1 to 99999 pairs of samples for each queue"
        visits=$(((visits + pairs_per_visit - 1) / pairs_per_visit))
    fi
    [[ " ${arguments[*]}" == *" --queues"* ]] || arguments+=(--queues=weir)

    need "${to_build[@]}" "${rivals[@]}"
    check_out "$commit"
    build_both "$commit"
    that=$tree/build/release/bench/weir-bench
    this=build/release/bench/weir-bench

    runs=out/against-$short
    rm --recursive --force "$runs"
    mkdir --parents "$runs"
    git diff --quiet HEAD || state=', changed since'
    echo "$short $(git log -1 --format=%s "$hash")" >"$runs/other.txt"
    echo "this tree: $(git log -1 --format='%h %s')$state" >"$runs/this.txt"
    local listed
    listed=$(scenarios_of "$that" "${arguments[@]}") ||
        refuse "--against $commit: weir-bench of $short does not take these arguments, as said above"
    printf '%s\n' "$listed" >>"$runs/other.txt"
    listed=$(scenarios_of "$this" "${arguments[@]}") || exit 2
    printf '%s\n' "$listed" >>"$runs/this.txt"
    mapfile -t both < <(grep --line-regexp --fixed-strings --file=<(tail --lines=+2 "$runs/other.txt" | sed '/^$/d') <<<"$listed")
    ((${#both[@]})) || refuse "--against $commit: no scenario is in both programs; compare the lists of --benchmark_list_tests"

    measure_in_turn "$seconds" "$visits"
    "$this" --paired "$runs"
    echo "$runs"
}
