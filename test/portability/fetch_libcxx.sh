#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# usage: fetch_libcxx.sh FOLDER VERSION
# Unpacks libc++ of that version into FOLDER/libc++-VERSION, beside the system's: Debian installs one at a time.
set -euo pipefail
[[ ! -e $1/libc++-$2/usr/lib/llvm-$2/lib/libc++.a ]] || exit 0
mkdir -p "$1"
cd "$1"
apt-get --quiet=2 download "libc++-$2-dev" "libc++abi-$2-dev"
for package in "libc++-$2-dev"_*.deb "libc++abi-$2-dev"_*.deb; do dpkg-deb --extract "$package" "libc++-$2"; done
rm -- "libc++-$2-dev"_*.deb "libc++abi-$2-dev"_*.deb
