#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# usage: fetch_libcxx.sh FOLDER VERSION
# Unpacks libc++ of that version into FOLDER/libc++-VERSION, beside the system's: Debian installs one at a time.
set -euo pipefail
there=libc++-$2
[[ ! -e $1/$there/usr/lib/llvm-$2/lib/libunwind.a ]] || exit 0
mkdir -p "$1"
cd "$1"
for package in "libc++-$2-dev" "libc++abi-$2-dev" "libunwind-$2-dev"; do
    apt-get --quiet=2 download "$package"
    dpkg-deb --extract "${package}"_*.deb "$there"
    rm -- "${package}"_*.deb
done
