// SPDX-License-Identifier: MIT
//
// Results of `weir jitter --json`, as plans read them.
#include "test/fuzz/fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    return fuzz::plan_with(data, size, [](weir::measurements& measured, const std::string& path) {
        measured.load_jitter(path, fuzz::machine());
    });
}
