#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# usage: apple.sh FOLDER LIBCXX
# Compiles all public headers, and every operation of every ring, for macOS on arm64 into object files: with Clang, libc++ (which
# is macOS's library, too) and the C library's headers of musl in place of Apple's, which are not free; stub_macos has what libc++
# expects beside them. Nothing is linked or run. LIBCXX is the folder of fetch_libcxx.sh.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
folder=$1 libcxx=$2
mkdir -p "$folder"
compile=(clang++-19 --target=arm64-apple-macos14 -std=c++20 -O1 -nostdinc++ -nostdlibinc -fexperimental-library
    -D_GNU_SOURCE -D_LIBCPP_HAS_MUSL_LIBC -isystem "$root/test/portability/stub_macos" -isystem "$libcxx/include/c++/v1"
    -isystem /usr/include/x86_64-linux-musl "-I$root/include" "-I$root" -Wall -Wextra -Wconversion -Wshadow -Werror)
files=0
for file in "$root"/test/portability/all_headers.cpp "$root"/test/house/uses/*.cpp; do
    "${compile[@]}" -DUSE=0 -c -o "$folder/$(basename "$file").o" "$file"
    files=$((files + 1))
done
echo "$(grep -c '#include <weir/' "$root/test/portability/all_headers.cpp") headers, $files object files"
