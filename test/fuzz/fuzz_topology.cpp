// SPDX-License-Identifier: MIT
//
// Topologies as hwloc's XML.
#include "test/fuzz/fuzz.hpp"
#include "weir/plan.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    try {
        const auto read = weir::topology::from_xml(std::string(reinterpret_cast<const char*>(data), size), "x.xml");
        (void)fingerprint(read);
        (void)weir::topology::from_xml(read.to_xml(), "y.xml");
        if (read.pus().size() > 64) return 0;  // pairs and plans would take seconds
        weir::plan_request asked;
        asked.add_edge("a->b");
        (void)weir::plan(asked, read);
        (void)read.choose_pair(weir::pair_policy::automatic);
    } catch (const weir::placement_error&) {
    }
    return 0;
}
