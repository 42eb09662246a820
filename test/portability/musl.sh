#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# usage: musl.sh FOLDER LIBCXX
# Debian has musl, but no C++ library for it. Two things can be done, and both are: all public headers, and every operation of every
# ring, are compiled against musl's headers, with those of libc++, which know musl. Then programs of users are linked with musl's
# libc.a and libc++.a of Debian, which was compiled for glibc, and run: what they need of it is the same in both C libraries, or
# the link fails. LIBCXX is the folder of fetch_libcxx.sh. What comes out goes to FOLDER.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
folder=$1 libcxx=$2
mkdir -p "$folder/kernel"
musl=/usr/lib/x86_64-linux-musl
libgcc=$(gcc -print-libgcc-file-name)

# musl has no headers of the kernel, and takes any.
for name in linux asm-generic; do ln -sfn "/usr/include/$name" "$folder/kernel/$name"; done
ln -sfn /usr/include/x86_64-linux-gnu/asm "$folder/kernel/asm"

compile=(clang++-19 --target=x86_64-linux-musl -std=c++20 -O0 -nostdinc++ -nostdlibinc -D_LIBCPP_HAS_MUSL_LIBC
    -fexperimental-library -isystem "$libcxx/include/c++/v1" -isystem /usr/include/x86_64-linux-musl -isystem "$folder/kernel"
    "-I$root/include" "-I$root" -Wall -Wextra -Wconversion -Wshadow -Werror)
libraries=("$libcxx/lib/libc++.a" "$libcxx/lib/libc++abi.a" "$libcxx/lib/libc++experimental.a" "$libcxx/lib/libunwind.a")

"${compile[@]}" -DUSE=0 -fsyntax-only "$root/test/portability/all_headers.cpp"
headers=$(grep -c '#include <weir/' "$root/test/portability/all_headers.cpp")
for file in "$root"/test/house/uses/*.cpp; do "${compile[@]}" -c -o "$folder/$(basename "$file").o" "$file"; done

clang-19 --target=x86_64-linux-musl -O1 -nostdlibinc -isystem /usr/include/x86_64-linux-musl -Wall -Wextra -Werror \
    -c -o "$folder/checked.o" "$root/test/portability/musl_checked.c"
ran=0
for file in "$root"/test/user/*.cpp; do
    name=$(basename "$file" .cpp)
    "${compile[@]}" -c -o "$folder/$name.o" "$file"
    clang++-19 --target=x86_64-linux-musl -nostdlib -static -Wl,--eh-frame-hdr -o "$folder/$name" "$musl/crt1.o" "$musl/crti.o" "$folder/$name.o" "$folder/checked.o" \
        -Wl,--start-group "${libraries[@]}" "$libgcc" "$musl/libc.a" -Wl,--end-group "$musl/crtn.o"
    "$folder/$name" >"$folder/$name.log"
    ran=$((ran + 1))
done
echo "$headers headers, $ran user programs"
