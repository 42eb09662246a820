// SPDX-License-Identifier: MIT
//
// What a latest<T> cannot hold, refused with a sentence: the one whose number is USE. Number 0 is fine.
#include <cstdint>
#include <string>

#include "weir/latest.hpp"
#include "weir/message_ring.hpp"

struct defined_elsewhere;

int main() {
#if USE == 0
    struct levels {
        int all[3];
    };
    weir::latest<levels> meter;
    meter.write({{1, 2, 3}});
    return meter.read().all[0];
#elif USE == 1
    weir::latest<int[3]> meter;
    const int levels[3] = {1, 2, 3};
    meter.write(levels);
#elif USE == 2
    int level = 0;
    weir::latest<int&> meter(level);
    std::uint64_t seen = 0;
    if (meter.read_if_newer(seen)) return meter.read();
#elif USE == 3
    weir::latest<const int> meter(1);
    return meter.read();
#elif USE == 4
    weir::latest<defined_elsewhere> meter;
#elif USE == 5
    weir::latest<std::string> name;
    name.write("weir");
    return static_cast<int>(name.read().size());
#elif USE == 6
    weir::latest<weir::message> newest(weir::message{});
#endif
}
