// SPDX-License-Identifier: MIT
//
// Plan files, and files of roles, which have some of the same keys.
#include "test/fuzz/fuzz.hpp"
#include "tools/plan/text.hpp"
#include "weir/plan.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const fuzz::file file(fuzz::text_of(data, size));
    try {
        const auto made = weir::placement_plan::load(file.path(), fuzz::machine());
        (void)made.to_json();
        (void)weir::tool::plan_as_text(made, fuzz::machine());
        (void)weir::tool::plan_to_paste(made, fuzz::machine(), "");
    } catch (const weir::placement_error&) {
    }
    try {
        (void)weir::plan(weir::plan_request::load(file.path()), fuzz::machine());
    } catch (const weir::placement_error&) {
    }
    return 0;
}
