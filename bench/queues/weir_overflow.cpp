// SPDX-License-Identifier: MIT
#include <weir/overflow.hpp>

#include "bench/queues/weir.hpp"

namespace bench {
namespace {

template <typename T>
using reject = trying<weir::overflow_ring<T, weir::overflow::reject>>;

// Its push always succeeds, and drops the oldest item of a full ring. So it plays only scenarios in which there is room.
template <typename T>
class drop_oldest {
public:
    explicit drop_oldest(std::size_t capacity) : ring_(capacity) {}

    bool try_push(const T& item) {
        if (ring_.size_approx() == ring_.capacity()) {
            return false;  // ends the loop that fills a ring
        }
        return static_cast<bool>(ring_.push(item));
    }
    bool try_pop(T& item) { return static_cast<bool>(ring_.try_pop(item)); }

private:
    weir::overflow_ring<T, weir::overflow::drop_oldest> ring_;
};

template <template <typename> class Adapter>
queue_entry with_policy(const std::string& policy, league plays) {
    return {.name = "weir::overflow_ring " + policy,
            .configuration = "overflow::" + policy + "; push, try_pop",
            .subject = true,
            .plays = plays,
            .sibling = "weir::spsc_ring",
            .make = make_waiting_channel<Adapter>};
}

}  // namespace

std::vector<queue_entry> weir_overflow_queues() {
    return {with_policy<reject>("reject", league::lossless), with_policy<drop_oldest>("drop_oldest", league::lossy)};
}

}  // namespace bench
