#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# deb.sh FOLDER [ROOT]: builds all Debian packages in FOLDER, lets lintian read them, and uses them where they are unpacked. ROOT is
# a Debian made by bare_debian.sh: if it is there, they are also installed in it by apt, used, and removed without a trace.
# BUILD in the environment: a build folder, configured as the preset deb does, to be packed instead.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
weir=$(cd "$here/../.." && pwd)
folder=$1
root=${2:-}
consumer=$here/consumer
build=${BUILD:-$weir/build/deb}
version=$(sed -n 's/^  VERSION //p' "$weir/CMakeLists.txt")
soname=${version%.*}

fail() {
    echo "deb.sh: $*" >&2
    exit 1
}

mkdir -p "$folder"
cd "$folder"
(cd "$weir" && { [[ -n ${BUILD-} ]] || cmake --preset deb; } && cmake --build "$build") >build.log || { tail -n 30 build.log >&2 && fail "the libraries and the program do not build"; }
rm -rf debs unpacked consumer
cpack --config "$build/CPackConfig.cmake" -B "$folder/debs" >>build.log 2>&1 || { tail -n 30 build.log >&2 && fail "cpack fails"; }

machine=$(dpkg --print-architecture)
packages=("libweir-dev_$version-1_all" "libweir-topology-dev_$version-1_$machine"
    "libweir-topology${soname}_$version-1_$machine" "weir-tools_$version-1_$machine")
made=$(cd debs && ls -- *.deb)
[[ $made == "$(printf '%s.deb\n' "${packages[@]}")" ]] || fail "cpack made other packages: $made"

# They close no bug of Debian's, and CPack has ldconfig called beside the trigger for it.
lintian --allow-root --fail-on error,warning --suppress-tags initial-upload-closes-no-bugs,maintscript-calls-ldconfig debs/*.deb ||
    fail "lintian complains, as said above"

# Unpacked: both libraries found by CMake and by pkg-config, and the program.
for package in debs/*.deb; do dpkg-deb --extract "$package" unpacked; done
LD_LIBRARY_PATH=$PWD/unpacked/usr/lib/$(dpkg-architecture -qDEB_HOST_MULTIARCH)
export LD_LIBRARY_PATH
cmake -S "$consumer" -B consumer -DCMAKE_PREFIX_PATH="$PWD/unpacked/usr" -DWEIR_VERSION="$soname" -DWITH_TOPOLOGY=ON >consumer.log
cmake --build consumer >>consumer.log
(cd consumer && ctest --output-on-failure --no-tests=error) >>consumer.log || { cat consumer.log >&2 && fail "a program does not run"; }
export PKG_CONFIG_PATH=$PWD/unpacked/usr/share/pkgconfig:$LD_LIBRARY_PATH/pkgconfig
CXX=${CXX:-c++} sh "$here/pkg_config.sh" "$version" ON
unpacked/usr/bin/weir topo >/dev/null
zcat unpacked/usr/share/man/man1/weir-plan.1.gz | grep -q '^\.SH OPTIONS' || fail "weir-plan has no manual page"
bash -n unpacked/usr/share/bash-completion/completions/weir
unset LD_LIBRARY_PATH PKG_CONFIG_PATH
echo "unpacked, the packages are found and used"

if [[ ! -x $root/usr/bin/cmake ]]; then
    echo "not installed: no Debian in '$root'; ./dev bare makes one"
    exit 0
fi
inside() {
    chroot "$root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive "$@"
}
install() {
    inside apt-get -q update && inside sh -c 'apt-get -q install --yes --no-install-recommends /home/debs/*.deb'
}
names=("${packages[@]%%_*}")
rm -rf "$root/home/debs" "$root/home/consumer" "$root/home/built" "$root"/usr/local/{include/weir,share/cmake/weir,share/pkgconfig/weir.pc}
cp -r debs "$consumer" "$root/home/"
install >install.log 2>&1 || { tail -n 20 install.log >&2 && fail "apt does not install the packages"; }
inside sh -euc 'cmake -S /home/consumer -B /home/built -DWITH_TOPOLOGY=ON
    cmake --build /home/built && cd /home/built && ctest --output-on-failure --no-tests=error
    cd / && weir topo && weir plan --edge "a->b"' >use.log 2>&1 || { tail -n 30 use.log >&2 && fail "installed, they cannot be used"; }
inside apt-get -q purge --yes "${names[@]}" >remove.log 2>&1 || { tail -n 20 remove.log >&2 && fail "apt does not remove them"; }
left=$(cd "$root" && find usr -xdev -iname '*weir*')
[[ -z $left ]] || fail "removed, they leave behind: $left"
echo "installed by apt, used, and removed without a trace"
