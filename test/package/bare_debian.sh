#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# bare_debian.sh [README [FOLDER]]: the first commands of README.md's "How to get it", in a Debian 12 that has what
# "apt-get install g++ cmake" brings. The program is README.md's first example. Making that Debian takes minutes and is not
# counted; what is counted must be done within a minute. It is made in FOLDER/root, and used again where it is there. Needs root.
set -euo pipefail
weir=$(cd "$(dirname "$0")/../.." && pwd)
readme=${1:-$weir/README.md}
stage=${2:-}
most=60

fail() {
    echo "bare_debian.sh: $*" >&2
    exit 1
}
(($(id -u) == 0)) || fail "chroot needs root; run it with sudo"
command -v debootstrap >/dev/null || fail "debootstrap is missing (Debian: apt-get install debootstrap)"

commands=$(sed -n '/^## How to get it/,/^## /p' "$readme" | awk '/^    / { print substr($0, 5); found = 1; next } found { exit }')
example=$(awk '/^```cpp$/ { inside = 1; next } /^```$/ && inside { exit } inside' "$readme")
[[ -n $commands ]] || fail "$readme has no command under 'How to get it': a line with four spaces before it"
[[ -n $example ]] || fail "$readme has no example"

if [[ -z $stage ]]; then
    stage=$(mktemp -d)
    trap 'rm -rf "$stage"' EXIT
fi
root=$stage/root
if [[ ! -x $root/usr/bin/cmake ]]; then
    began=$SECONDS
    mkdir -p "$stage"
    # Debian's mirror is debootstrap's own choice, unless DEBIAN_MIRROR names one.
    debootstrap --variant=minbase --include=g++,cmake,make bookworm "$root" ${DEBIAN_MIRROR:+"$DEBIAN_MIRROR"} >"$stage/log" 2>&1 ||
        { tail -n 20 "$stage/log" >&2 && fail "debootstrap failed, as said above"; }
    echo "a bare Debian 12 was made in $((SECONDS - began)) s, which is not counted"
fi

rm -rf "$root/home/weir" "$root/usr/local/include/weir" "$root/usr/local/share/cmake" "$root/usr/local/share/pkgconfig"
mkdir -p "$root/home/weir"
(cd "$weir" && git ls-files -z --cached --others --exclude-standard | xargs -0 cp --parents -t "$root/home/weir")
printf '%s\n' "$example" >"$root/home/weir/app.cpp"
printf '%s\n' 'set -eux' 'cd /home/weir' "$commands" >"$root/home/run.sh"

began=$(date +%s%N)
chroot "$root" /usr/bin/env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root \
    sh /home/run.sh >"$stage/log" 2>&1 || { tail -n 40 "$stage/log" >&2 && fail "README.md's commands failed, as said above"; }
took=$((($(date +%s%N) - began) / 1000000))
grep -E '^\+ |handled' "$stage/log"
# Not counted: a project that finds what was installed.
chroot "$root" /usr/bin/env -i PATH=/usr/bin:/bin sh -euc 'cd /home/weir
    cmake -S test/package/consumer -B consumer && cmake --build consumer && consumer/ring' >"$stage/log" 2>&1 ||
    { tail -n 40 "$stage/log" >&2 && fail "the installed copy is not found, as said above"; }
printf 'from a bare Debian 12 to a running program: %d.%d s\n' $((took / 1000)) $((took % 1000 / 100))
((took <= most * 1000)) || fail "that took $((took / 1000)) s, more than $most s"
