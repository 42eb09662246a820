#!/bin/sh
# SPDX-License-Identifier: MIT
# single_header.sh FOLDER COMPILER [FLAG...]: makes the one header in FOLDER, and builds and runs a program of two files with it,
# and with nothing else of weir's; warnings are errors. With CONTRACT=1 in the environment also the contract suites of the tests.
set -eu
project=$(cd "$(dirname "$0")/../.." && pwd)
folder=$1
shift
rm -rf "$folder"
mkdir -p "$folder/alone"
python3 "$project/cmake/amalgamate.py" --stubs "$folder/stubs" "$folder/alone/weir.hpp"

cat >"$folder/one.cpp" <<'CPP'
#include "weir.hpp"

#include <cstdio>
#include <thread>

long sum_of_other_file(weir::spsc_ring<long>& ring);

int main() {
    weir::spsc_ring<long> ring(64);
    std::thread producer([&] {
        for (long i = 1; i <= 1000; ++i) (void)ring.push(i);
        ring.close();
    });
    const long sum = sum_of_other_file(ring);
    producer.join();

    weir::spsc_message_ring<> messages(1024);
    const long number = 7;
    (void)messages.push(std::as_bytes(std::span(&number, 1)), 3);
    std::size_t seen = 0;
    messages.consume([&](std::uint16_t type, std::span<const std::byte> bytes) { seen = type * bytes.size(); });

    weir::broadcast_ring<int, weir::many_producers> feed(8);
    auto reader = feed.join({.name = "reader"});
    (void)feed.push(5);
    const int item = reader.pop().value_or(0);

    weir::overflow_ring<int, weir::overflow::drop_newest> meter(1);
    (void)meter.push(1);
    (void)meter.push(2);
    const auto lost = meter.account().lost();

    weir::latest<double> price;
    price.write(2.5);
    std::puts(weir::to_text(meter.account()).c_str());
    return sum == 500500 && seen == 24 && item == 5 && lost == 1 && price.read() == 2.5 ? 0 : 1;
}
CPP
cat >"$folder/other.cpp" <<'CPP'
#include "weir.hpp"

long sum_of_other_file(weir::spsc_ring<long>& ring) {
    long sum = 0;
    while (const auto item = ring.pop()) sum += *item;
    return sum;
}
CPP
warnings="-Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror"
# shellcheck disable=SC2086 # a word for each warning
"$@" -std=c++20 $warnings -I"$folder/alone" "$folder/one.cpp" "$folder/other.cpp" -pthread -o "$folder/program"
"$folder/program"

[ "${CONTRACT:-0}" = 1 ] || exit 0
for suite in ring/ring_contract_spsc ring/ring_contract_mpmc ring/ring_contract_strict ring/ring_contract_pull message/message_contract_test broadcast/broadcast_test; do
    echo "$suite over one header"
    "$@" -std=c++20 -O0 -w -I"$folder/stubs" -I"$project" "$project/test/$suite.cpp" \
        -lgmock -lgtest -lgtest_main -pthread -o "$folder/contract"
    "$folder/contract" --gtest_brief=1
done
