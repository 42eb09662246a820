// SPDX-License-Identifier: MIT
//
// Whatever `weir report` is given: results of all programs, weir-bench among them.
#include "test/fuzz/fuzz.hpp"
#include "tools/common/command.hpp"
#include "tools/report/report.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const fuzz::file file(fuzz::text_of(data, size));
    try {
        (void)weir::tool::report::page_of(weir::tool::report::read_parts({file.path()}));
    } catch (const weir::tool::stop&) {
    } catch (const weir::placement_error&) {
    }
    return 0;
}
