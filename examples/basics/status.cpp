// SPDX-License-Identifier: MIT
// A ring that cannot do what it is asked says why, and leaves the argument untouched.
#include <weir/ring.hpp>

#include <iostream>
#include <memory>
#include <utility>

int main() {
    weir::spsc_ring<std::unique_ptr<int>> ring(1);
    auto first = std::make_unique<int>(1), second = std::make_unique<int>(2);

    const bool pushed = bool(ring.try_push(std::move(first)));   // true only for success
    const weir::status full = ring.try_push(std::move(second));  // no room ...
    const bool untouched = second != nullptr;                    // ... so it has not been moved from

    std::unique_ptr<int> out;
    const bool popped = ring.try_pop(out) == weir::status::success;
    const weir::status empty = ring.try_pop(out);  // `out` keeps its value

    ring.close();
    const weir::status closed = ring.try_push(std::move(second));
    const weir::status ended = ring.try_pop(out);  // closed, and everything was delivered

    std::cout << to_string(full) << ' ' << to_string(empty) << ' ' << to_string(closed) << '\n';
    const bool right = full == weir::status::full && empty == weir::status::empty && closed == weir::status::closed &&
                       ended == weir::status::closed;
    return right && pushed && untouched && popped && *out == 1 && second != nullptr ? 0 : 1;
}
