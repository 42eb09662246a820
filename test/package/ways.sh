#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# ways.sh FOLDER WAY: takes weir's headers by one way, as a user does, from nothing to a running program. Everything is made in
# FOLDER, which is emptied. Ends with 77 where a program that the way needs is missing.
# ways.sh FOLDER times: every way in turn, as a table of seconds for packaging/README.md.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
weir=$(cd "$here/../.." && pwd)
consumer=$here/consumer
program=${PROGRAM:-$consumer/ring.cpp}
version=${VERSION:-$(sed -n 's/^  VERSION //p' "$weir/CMakeLists.txt")}
export CXX=${CXX:-c++}
unset CMAKE_CXX_COMPILER_LAUNCHER # a user has no cache of compiled files

needs() {
    command -v "$1" >/dev/null || { echo "skipped: $1 is missing (Debian: apt-get install $2)" && exit 77; }
}

# Where nothing is compiled, no compiler may be needed.
install_headers() { # PREFIX
    CXX=/nonexistent CC=/nonexistent cmake -S "$weir" -B build
    cmake --install build --prefix "$1"
}

consume_by_cmake() { # OPTION...
    cmake -S "$consumer" -B consumer "$@"
    cmake --build consumer
    consumer/ring
}

way_copy() {
    "$CXX" -std=c++20 -isystem "$weir/include" "$program" -pthread -o app
    ./app
}

way_single_header() {
    needs python3 python3
    python3 "$weir/cmake/amalgamate.py" weir/ring.hpp # under the name that the program includes
    "$CXX" -std=c++20 -isystem . "$program" -pthread -o app
    ./app
}

way_find_package() {
    install_headers "$PWD/prefix"
    mv prefix moved # an installed weir can be moved
    consume_by_cmake -DCMAKE_PREFIX_PATH="$PWD/moved" -DWEIR_VERSION="${version%.*}"
}

way_fetch_content() {
    consume_by_cmake -DWEIR_SOURCE_DIR="$weir" -DFETCH=ON
}

way_pkg_config() {
    needs pkg-config pkg-config
    install_headers "$PWD/prefix"
    build_by_pkg_config "$PWD/prefix/share/pkgconfig"
}

build_by_pkg_config() { # FOLDER
    PKG_CONFIG_PATH=$1 pkg-config --print-errors --exact-version="$version" weir
    # shellcheck disable=SC2046 # flags are words
    "$CXX" -std=c++20 "$program" $(PKG_CONFIG_PATH=$1 pkg-config --cflags --libs weir) -pthread -o app
    ./app
}

# As a subproject; outside of the measured time also installed, with the same files as by CMake.
way_meson() {
    needs meson meson
    needs ninja ninja-build
    cp -r "$consumer" project
    mkdir project/subprojects
    ln -s "$weir" project/subprojects/weir
    meson setup --wrap-mode=forcefallback build project
    meson compile -C build
    build/ring
}

check_meson() {
    needs pkg-config pkg-config
    meson setup --prefix "$PWD/by_meson" weir_alone "$weir"
    meson install -C weir_alone
    mkdir other && cd other
    install_headers "$PWD/prefix"
    diff -r prefix/include ../by_meson/include
    build_by_pkg_config "$PWD/../by_meson/share/pkgconfig"
    mkdir installed && cd installed # found by pkg-config, without a subproject
    PKG_CONFIG_PATH=$PWD/../../by_meson/share/pkgconfig meson setup build "$consumer"
    meson test -C build
}

# The package of the headers, unpacked; deb.sh builds and installs all packages.
way_deb() {
    needs dpkg-deb dpkg
    CXX=/nonexistent CC=/nonexistent cmake -S "$weir" -B build
    cpack --config build/CPackConfig.cmake -G DEB -B packages
    dpkg-deb --extract packages/libweir-dev_"$version"*_all.deb root
    "$CXX" -std=c++20 -isystem root/usr/include "$program" -pthread -o app
    ./app
}

check_deb() {
    [[ $(dpkg-deb --field packages/*.deb Package Architecture Depends) == $'Package: libweir-dev\nArchitecture: all' ]]
    test -s root/usr/share/doc/libweir-dev/copyright
    consume_by_cmake -DCMAKE_PREFIX_PATH="$PWD/root/usr" -DWEIR_VERSION="${version%.*}"
}

# says SENTENCE COMMAND...: the command fails and says that, wherever CMake broke the lines.
says() {
    local said
    if said=$("${@:2}" 2>&1) || [[ $(tr -s ' \n' ' ' <<<"$said") != *"$1"* ]]; then
        printf '%s\nThis should have failed, and said: %s\n' "$said" "$1" >&2
        return 1
    fi
}

way_refused() {
    install_headers "$PWD/prefix"
    says "the weir in $PWD/prefix was installed without weir::topology, version $version: install it again, configured with \
-DWEIR_BUILD_TOPOLOGY=ON (from Debian packages: install libweir-topology-dev)" \
        cmake -S "$consumer" -B topology -DCMAKE_PREFIX_PATH="$PWD/prefix" -DWITH_TOPOLOGY=ON -DWEIR_VERSION="${version%.*}"
    local without='-DCMAKE_DISABLE_FIND_PACKAGE_'
    says "CMake does not find hwloc>=2.4, which is needed for WEIR_BUILD_TOPOLOGY, WEIR_BUILD_TOOLS: install it (Debian: apt-get \
install libhwloc-dev pkg-config) or do without it (-DWEIR_BUILD_TOPOLOGY=OFF -DWEIR_BUILD_TOOLS=OFF)." \
        cmake -S "$weir" -B tools -DWEIR_BUILD_TOOLS=ON ${without}PkgConfig=ON
    says "CMake does not find GTest, which is needed for WEIR_BUILD_TESTS: install it (Debian: apt-get install libgtest-dev \
libgmock-dev) or do without it (-DWEIR_BUILD_TESTS=OFF)." \
        cmake -S "$weir" -B tests -DWEIR_BUILD_TESTS=ON ${without}GTest=ON
}

in_empty_folder() {
    rm -rf "$1"
    mkdir -p "$1"
    cd "$1"
}

times() {
    local way began took folder=$PWD
    printf '| way | seconds |\n|---|---|\n'
    for way in copy single_header find_package fetch_content pkg_config meson deb; do
        in_empty_folder "$folder/$way"
        began=$(date +%s%N)
        (way_$way) >log 2>&1 || { cat log >&2 && exit 1; }
        took=$((($(date +%s%N) - began) / 100000000))
        printf '| %s | %d.%d |\n' "$way" $((took / 10)) $((took % 10))
    done
}

in_empty_folder "$1"
case $2 in
times) times ;;
copy | single_header | find_package | fetch_content | pkg_config | meson | deb | refused)
    "way_$2"
    [[ $(type -t "check_$2") != function ]] || "check_$2"
    ;;
*)
    echo "ways.sh: there is no way '$2'" >&2
    exit 2
    ;;
esac
