// SPDX-License-Identifier: MIT
//
// Results of `weir jitter --json`, as plans read them.
#include "test/fuzz/fuzz.hpp"
#include "weir/plan.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const fuzz::file file(fuzz::text_of(data, size));
    try {
        weir::measurements measured;
        measured.load_jitter(file.path(), fuzz::machine());
        weir::plan_request asked;
        asked.add_edge("a->b@1Mps");
        asked.add_edge("b->c");
        asked.add_role("c:quiet");
        (void)weir::plan(asked, fuzz::machine(), measured).to_json();
    } catch (const weir::placement_error&) {
    }
    return 0;
}
