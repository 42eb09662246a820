#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# printers_test.sh gdb|lldb PROGRAM FOLDER: shows every ring of PROGRAM (rings.cpp) in that debugger, and compares all of its output
# with expected_gdb.txt or expected_lldb.txt; in GDB also from a core file, which is written to FOLDER. Exit code 77: the debugger
# is missing, or cannot run here. With UPDATE=1 in the environment what is shown becomes what is expected.
set -euo pipefail
kind=$1
program=$2
folder=$3
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
printers=$(cd "$here/../../debug" && pwd)
mkdir -p "$folder"
export PYTHONDONTWRITEBYTECODE=1

skip() {
    echo "skipped: $*"
    exit 77
}

# compare EXPECTED SHOWN
compare() {
    if [[ ${UPDATE-} == 1 ]]; then cp "$2" "$1"; fi
    diff --unified "$1" "$2" || {
        echo "what $kind shows of $program (+) is not what is expected (-). Was a member renamed? debug/weir_rings.py reads them by name" >&2
        exit 1
    }
}

# between_marks FILE: what was shown, and nothing of what the debugger says besides.
between_marks() {
    sed --quiet '/^=== begin$/,/^=== end$/{/^===/!p}' "$1" || true
}

gdb_commands() { # PRINTERS
    echo "source $1/weir_gdb.py"
    cat "$folder/start.gdb"
    echo up
    echo 'echo === begin\n'
    local name
    while read -r name; do printf 'printf "%s = "\noutput %s\necho \\n\n' "$name" "$name"; done <"$here/names.txt"
    echo 'echo === end\n'
}

with_gdb() {
    command -v gdb >/dev/null || skip "gdb is not installed (Debian: apt-get install gdb)"
    gdb -nx -batch -ex 'python print(1)' >/dev/null 2>&1 || skip "this gdb has no Python"
    local gdb=(timeout --kill-after=5 120 gdb -nx -batch -iex 'set disable-randomization off' -iex 'set pagination off'
        -iex 'set debuginfod enabled off')
    "${gdb[@]}" -ex run "$(command -v true)" 2>&1 | grep --quiet 'exited normally' || skip "gdb may not run a process here"

    printf '%s\n' 'break at_rest' run >"$folder/start.gdb"
    gdb_commands "$printers" >"$folder/live.gdb"
    # A member that is not there is said, and neither raises nor hides the other rings.
    mkdir -p "$folder/renamed"
    cp "$printers"/*.py "$folder/renamed"
    sed --in-place 's/"closing"/"renamed"/' "$folder/renamed/weir_rings.py"
    printf '%s\n' "generate-core-file $folder/core" "source $folder/renamed/weir_gdb.py" \
        'echo === renamed\n' 'output plain' 'echo \n' 'output many' 'echo \n' kill >>"$folder/live.gdb"
    rm -f "$folder/core"
    "${gdb[@]}" -x "$folder/live.gdb" "$program" >"$folder/live.out" 2>&1 </dev/null || true
    between_marks "$folder/live.out" >"$folder/live.txt"
    compare "$here/expected_gdb.txt" "$folder/live.txt"
    sed '1,/^=== renamed$/d' "$folder/live.out" >"$folder/renamed.txt"
    grep --quiet '^<cannot read: .*renamed.*>$' "$folder/renamed.txt" && grep --quiet '^weir::mpmc_ring' "$folder/renamed.txt" || {
        echo "what gdb shows of a ring whose member was renamed, and of one that has no such member:" >&2
        cat "$folder/renamed.txt" >&2
        exit 1
    }

    # A program that links weir::printers brings them along.
    "${gdb[@]}" -iex "add-auto-load-safe-path $printers" -ex 'output global_ring' "$program" >"$folder/linked.out" 2>&1
    grep --quiet '^<cannot read: 0 of 0' "$folder/linked.out" || {
        echo "gdb has not loaded the printers with $program, which links weir::printers; it said:" >&2
        cat "$folder/linked.out" >&2
        exit 1
    }

    : >"$folder/start.gdb"
    gdb_commands "$printers" >"$folder/core.gdb"
    "${gdb[@]}" -x "$folder/core.gdb" "$program" "$folder/core" >"$folder/core.out" 2>&1 </dev/null || true
    between_marks "$folder/core.out" >"$folder/core.txt"
    compare "$here/expected_gdb.txt" "$folder/core.txt"
    rm -f "$folder/core"
}

# run_lldb ARGS: ends it after a minute. Now and then lldb 14 starts a process and then waits for ever; so it has three attempts.
run_lldb() {
    local attempt
    for attempt in 1 2 3; do
        timeout --kill-after=5 60 "$lldb" --no-lldbinit --batch "$@" >"$folder/live.out" 2>&1 </dev/null || true
        if grep --quiet '^=== end$' "$folder/live.out"; then return; fi
    done
}

with_lldb() {
    local lldb
    lldb=$(command -v lldb || command -v lldb-14) || skip "lldb is not installed (Debian: apt-get install lldb-14)"
    # Debian 12's lldb-14 looks for its Python module in a folder that does not exist.
    local module
    for module in "$(dirname "$(readlink --canonicalize "$lldb")")"/../lib/python3.*/dist-packages; do
        if [[ -d $module/lldb ]]; then export PYTHONPATH=$module${PYTHONPATH+:$PYTHONPATH}; fi
    done
    run_lldb --one-line 'script print("=== end")'
    grep --quiet '^=== end$' "$folder/live.out" || skip "$lldb has no Python"

    {
        printf '%s\n' "command script import $printers/weir_lldb.py" 'settings set target.disable-aslr false' \
            'breakpoint set --name at_rest' run up 'script print("=== begin")'
        sed 's/^/frame variable /' "$here/names.txt"
        printf '%s\n' 'script print("=== end")' kill
    } >"$folder/commands.lldb"
    run_lldb --source "$folder/commands.lldb" "$program"
    if grep --quiet --extended-regexp 'error: .*(not permitted|denied)' "$folder/live.out"; then
        skip "lldb may not run a process here"
    fi
    grep --quiet '^=== end$' "$folder/live.out" || skip "$lldb has started no process in three attempts"
    # Without the commands, the names of types, which differ between compilers, and addresses.
    between_marks "$folder/live.out" | sed --regexp-extended --expression '/^\(lldb\)/d' \
        --expression 's/^\(.*\) (\S+ = )/\1/; s/0x[0-9a-f]{8,}/ADDRESS/' >"$folder/live.txt"
    compare "$here/expected_lldb.txt" "$folder/live.txt"
}

"with_$kind"
