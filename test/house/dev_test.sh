#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# ./dev on a machine where packages are missing, with a stand-in for each command that would change or ask the system.
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
