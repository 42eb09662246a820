// SPDX-License-Identifier: MIT
//
// What a ring between processes cannot hold, refused with a sentence: the one whose number is USE. Number 0 is fine.
#include <string>

#include "weir/message_ring.hpp"
#include "weir/shm/broadcast_ring.hpp"
#include "weir/shm/message_ring.hpp"
#include "weir/shm/spsc_ring.hpp"

int main() {
#if USE == 0
    struct levels {
        int all[3];
    };
    auto ring = weir::shm::spsc_ring<levels>::create(4, "levels");
    return ring.attach_producer().try_push({{1, 2, 3}}) == weir::status::success ? 0 : 1;
#elif USE == 1
    auto ring = weir::shm::spsc_ring<std::string>::create(4, "text");
#elif USE == 2
    auto ring = weir::shm::spsc_ring<const int>::create(4, "number");
#elif USE == 3
    struct alignas(512) wide {
        int number;
    };
    auto ring = weir::shm::spsc_ring<wide>::create(4, "wide");
#elif USE == 4
    auto ring = weir::shm::spsc_ring<int>::create(4, "number");
    return ring.attach_producer().push_for(1, 100) == weir::status::success ? 0 : 1;
#elif USE == 5
    auto ring = weir::shm::broadcast_ring<std::string>::create(4, "text");
#elif USE == 6
    auto ring = weir::shm::broadcast_ring<int[4]>::create(4, "numbers");
#elif USE == 7
    auto ring = weir::shm::broadcast_ring<int>::create(4, "number");
    return ring.attach_producer().push_for(1, 100) == weir::status::success ? 0 : 1;
#elif USE == 8
    auto ring = weir::shm::spsc_ring<int>::create("numbers", 4);
#elif USE == 9
    auto ring = weir::shm::broadcast_ring<int>::create("numbers", 4);
#elif USE == 10
    auto ring = weir::shm::mpsc_message_ring::create("numbers", 64);
#elif USE == 11
    auto ring = weir::shm::spsc_ring<int>::open_for("numbers", "number", 100);
#elif USE == 12
    auto ring = weir::shm::spsc_ring<weir::message>::create(4, "message");
#elif USE == 13
    auto ring = weir::shm::broadcast_ring<weir::message>::create(4, "message");
#endif
}
