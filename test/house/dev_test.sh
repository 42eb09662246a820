#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# ./dev on a machine where packages are missing, with a stand-in for each command that would change or ask the system; and
# arguments that cannot be.
set -euo pipefail
dev=$1
stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT

stand_in() { # NAME LINE...
    printf '%s\n' '#!/bin/sh' "${@:2}" >"$stage/$1"
    chmod 755 "$stage/$1"
}
stand_in dpkg-query 'case $3 in clang-format-16) ;; *) printf installed ;; esac'
stand_in apt-get 'echo "apt-get $* ($DEBIAN_FRONTEND)"' 'exit ${APT_FAILS:-0}'
stand_in clang-format-16 'echo formatted'
stand_in git 'echo a.hpp'
stand_in id 'echo ${AS_USER:-0}'
for tool in bash cat dirname env sh xargs; do ln -s "$(command -v $tool)" "$stage/$tool"; done

expect() { # EXIT-CODE OUTPUT [VARIABLE=VALUE...]: what `./dev format` does there
    local code=0 output
    output=$(env --ignore-environment PATH="$stage" "${@:3}" "$dev" format 2>&1) || code=$?
    if [[ $code != "$1" || $output != "$2" ]]; then
        printf 'with %s: exit code %s (expected %s) and\n%s\nwhere this is expected:\n%s\n' \
            "${*:3}" "$code" "$1" "$output" "$2" >&2
        exit 1
    fi
}

install='dev: installing clang-format-16
apt-get --quiet update (noninteractive)'
expect 0 "$install
apt-get --quiet install --yes --no-install-recommends clang-format-16 (noninteractive)
formatted"
expect 1 "$install
dev: these packages are missing, and installing them failed as said above: clang-format-16" APT_FAILS=1
expect 1 'dev: these packages are missing, and only root can install them: apt-get install clang-format-16' AS_USER=1000

stand_in sudo 'echo sudo' 'exec "$@"'
expect 0 "dev: installing clang-format-16
sudo
apt-get --quiet update (noninteractive)
sudo
apt-get --quiet install --yes --no-install-recommends clang-format-16 (noninteractive)
formatted" AS_USER=1000

stand_in dpkg-query 'printf installed'
expect 0 formatted

rm "$stage/apt-get"
expect 0 'dev: this is not a Debian, so nothing is installed; the build needs what Debian calls: clang-format-16
formatted'

# Wrong arguments end in one sentence, before anything is installed or built.
refused() { # WORDS ARGUMENT...
    local code=0 output
    output=$(env --ignore-environment PATH="$stage" "$dev" "${@:2}" 2>&1) || code=$?
    if [[ $code != 1 || $output != "dev: "*"$1"* || $output == *$'\n'* ]]; then
        printf './dev %s: exit code %s (expected 1) and\n%s\nwhere one sentence with this is expected:\n%s\n' \
            "${*:2}" "$code" "$output" "$1" >&2
        exit 1
    fi
}
stand_in dpkg-query 'echo packages were asked for >&2'
for tool in tail grep; do ln -s "$(command -v $tool)" "$stage/$tool"; done
for number in x 0 -1 1.5 1e3 '' ' 3' 99999999999999999999; do
    refused "of runs from 1 to 9999, not '$number'" flaky "$number"
    refused "of rounds from 1 to 999999999, not '$number'" soak "$number"
    refused "of times from 1 to 9999, not '$number'" prove "$number"
    refused "of seconds from 1 to 999999, not '$number'" fuzz "$number"
done
refused 'of runs' flaky
refused 'of runs' flaky --busy
refused "not '--nonsense'" flaky --nonsense 3
refused "not '--nonsense'" flaky 3 --nonsense
refused "at most 2 arguments, not '3 a b'" flaky 3 a b
refused "at most 2 arguments, not '3 a b'" soak 3 a b
refused "at most one argument, not '3 4'" prove 3 4
refused "fuzz knows jitter matrix plan report topology, not 'nonsense'" fuzz 1 nonsense
refused 'at most 2 arguments' fuzz 1 plan 2
refused "not 'nonsense'; tests by name" test nonsense
refused "not ''" test ''
refused "test all takes no arguments, not 'ring'" test all ring
refused "test headers takes no arguments" test headers ring
refused "valgrind takes no arguments" valgrind ring
refused "packages takes no arguments" packages ring
refused "format takes --check, not '--chek'" format --chek
refused "there is no file 'nowhere.cpp'" tidy nowhere.cpp
refused "there is no file 'nowhere.json'" plot nowhere.json
refused "there is no file 'nowhere.md'" bare nowhere.md
refused "topologies takes a folder of .xml files, not '/nowhere'" topologies /nowhere
refused "compilers takes names such as g++-14 and clang++-16, not 'g++14'" compilers g++14
refused "mutate takes --semantic as its first argument" mutate --list --semantic
refused "elsewhere knows arm" elsewhere nonsense

# A filter that no test fits ends so after the configuration, for which these stand in.
stand_in dpkg-query 'printf installed'
stand_in apt-get 'exit 1'
stand_in cmake '[ "$1" = --preset ] || echo built'
stand_in ctest 'echo "Total Tests: 0"'
refused "no test of preset 'dev' by '--tests-regex nonsense'" flaky 3 nonsense
refused "no test of preset 'dev' by '-R nonsense'" test dev -R nonsense
refused "there is no preset ''" build ''
