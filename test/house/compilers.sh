#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# usage: compilers.sh FOLDER COMPILER...
# Compiles every operation of every ring, and all public headers together, as a user might who reads every warning, and runs
# the program: with each COMPILER, both standard libraries, at each level of optimisation, -I and -isystem. With a Clang that
# has -Wfunction-effects, also what real-time callbacks may call. FOLDER is for what comes out, and for libc++. A line each.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
folder=$1
export root folder
mkdir -p "$folder"

fail() {
    echo "compilers.sh: $*" >&2
    exit 1
}

# All public headers that need no library, in one order and in the other.
write_sources() {
    local order headers
    headers=$(cd "$root/include" && ls weir/*.hpp | grep --invert-match --extended-regexp \
        '/(affinity|kernel_settings|measurements|plan|topology)\.hpp')
    for order in forward reverse; do
        {
            if [[ $order == forward ]]; then echo "$headers"; else tac <<<"$headers"; fi | sed 's/.*/#include <&>/'
            echo "bool use_headers_$order();"
            echo "bool use_headers_$order() { weir::spsc_ring<int> ring(1); return bool(ring.push(1)); }"
        } >"$folder/headers_$order.cpp"
    done
}

# libc++ of one version, beside the system's: Debian installs one at a time.
fetch_libcxx() { # VERSION
    [[ ! -e $folder/libc++-$1/usr/lib/llvm-$1/lib/libc++.a ]] || return 0
    (
        cd "$folder"
        apt-get --quiet=2 download "libc++-$1-dev" "libc++abi-$1-dev"
        for package in "libc++-$1-dev"_*.deb "libc++abi-$1-dev"_*.deb; do dpkg-deb --extract "$package" "libc++-$1"; done
        rm -- *.deb
    ) >&2
}

check() { # COMPILER LIBRARY LEVEL
    local compiler=$1 library=$2 level=$3 version=${1##*-} name out began=$SECONDS result=passed file log headers
    local warnings=(-Wall -Wextra -Wconversion -Wshadow -Wnull-dereference -Werror) flags=(-std=c++20 "-O$3" "-I$root")
    local libraries=(-pthread)
    local files=("$root"/test/house/uses/*.cpp "$root/test/house/headers_together.cpp" "$folder"/headers_*.cpp)
    name="$compiler $library -O$level"
    out="$folder/${name// /_}"
    log=$out.log
    mkdir -p "$out"
    [[ $compiler != g++* ]] || warnings+=(-Wuseless-cast)
    # At -O1 GCC understands too little of a loop for this warning.
    [[ $compiler != g++* || $level != 1 ]] || warnings+=(-Wno-maybe-uninitialized)
    if [[ $library == libc++ ]]; then
        local there="$folder/libc++-$version/usr/lib/llvm-$version"
        flags+=(-nostdinc++)
        for headers in "$there"/include/c++/v1 "$there"/include/*/c++/v1; do
            [[ ! -d $headers ]] || flags+=(-isystem "$headers")
        done
        libraries+=(-nostdlib++ "$there/lib/libc++.a" "$there/lib/libc++abi.a")
        if ((version < 18)); then  # no std::stop_token at all
            files=("$root"/test/house/uses/{rings,overflow,credit_gate,messages,broadcast,latest}.cpp)
        elif ((version < 20)); then
            flags+=(-fexperimental-library)
            libraries+=("$there/lib/libc++experimental.a")
        fi
    fi
    {
        for file in "${files[@]}"; do
            "$compiler" "${flags[@]}" "-I$root/include" "${warnings[@]}" -c -o "$out/$(basename "$file").o" "$file" ||
                result='failed: a warning or error'
        done
        if [[ $result == passed && -e $out/headers_together.cpp.o ]]; then
            "$compiler" -o "$out/program" "$out"/*.o "${libraries[@]}" && "$out/program" || result='failed: the program'
        fi
        if [[ $level == 0 && $result == passed ]]; then
            for file in "${files[@]}"; do
                [[ $file != */uses/* ]] || "$compiler" "${flags[@]}" -isystem "$root/include" "${warnings[@]}" -fsyntax-only "$file" ||
                    result='failed: a warning or error with -isystem'
            done
        fi
    } >"$log" 2>&1
    rm -rf "$out"
    printf '%-12s %-10s -O%s  %-32s %4d s\n' "$compiler" "$library" "$level" "$result" $((SECONDS - began))
    [[ $result == passed ]] || { head --lines=40 "$log" && return 1; }
}
export -f check

# A callback that must not block may call this, and Clang refuses each of the others.
check_real_time() { # COMPILER
    local effects=("$1" -std=c++20 -fsyntax-only -Werror=function-effects "-I$root/include") result=passed blocks
    "${effects[@]}" "$root/test/house/real_time.cpp" || result='failed: something may block'
    for blocks in WEIR_SLEEPS WEIR_READS_A_CLOCK WEIR_ALLOCATES; do
        ! "${effects[@]}" "-D$blocks" "$root/test/house/real_time.cpp" 2>/dev/null || result="failed: $blocks is accepted"
    done
    printf '%-12s %-15s %s\n' "$1" 'in real time' "$result"
    [[ $result == passed ]]
}

# Without std::stop_token there is one sentence.
check_no_stop_token() { # COMPILER
    local there="$folder/libc++-${1##*-}/usr/lib/llvm-${1##*-}" said header
    for header in stop pipeline; do
        said=$("$1" -std=c++20 -fsyntax-only -nostdinc++ -isystem "$there/include/c++/v1" "-I$root/include" -x c++ - 2>&1 \
            <<<"#include <weir/$header.hpp>" || true)
        [[ $(grep --count 'error:' <<<"$said") == 1 && $said == *'std::stop_token, which this standard library lacks'* ]] ||
            { echo "$1: $header.hpp without std::stop_token says: $said" >&2 && return 1; }
    done
}

(($# > 1)) || fail "usage: compilers.sh FOLDER COMPILER..."
write_sources
failed=0
jobs=''
for compiler in "${@:2}"; do
    command -v "$compiler" >/dev/null || fail "there is no $compiler here; install it, or leave it out"
    libraries=(libstdc++)
    if [[ $compiler == clang++-* ]] && ((${compiler##*-} >= 16)); then
        libraries+=(libc++)
        fetch_libcxx "${compiler##*-}"
        ((${compiler##*-} >= 20)) || check_no_stop_token "$compiler" || failed=1
    fi
    for library in "${libraries[@]}"; do
        for level in ${LEVELS-0 1 2 3}; do jobs+="$compiler $library $level"$'\n'; done
    done
done
xargs --max-args=3 --max-procs="$(nproc)" bash -c 'check "$@"' check <<<"$jobs" || failed=1
for compiler in "${@:2}"; do
    if [[ $compiler == clang++-* ]] && ((${compiler##*-} >= 20)); then check_real_time "$compiler" || failed=1; fi
done
exit $failed
