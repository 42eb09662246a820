// SPDX-License-Identifier: MIT
#include "bench/queues/weir.hpp"

namespace bench {
namespace {

/// With the batch operations and access in place.
template <typename T>
class spsc_ring : public trying<weir::spsc_ring<T>> {
public:
    using trying<weir::spsc_ring<T>>::trying;

    std::size_t push_n(std::span<const T> items) { return this->ring_.try_push_n(items); }
    std::size_t pop_n(std::span<T> items) { return this->ring_.try_pop_n(items); }

    template <typename F>
    std::size_t write_in_place(std::size_t n, F&& f) {
        auto slots = this->ring_.try_reserve(n);
        const std::size_t size = slots.size();
        if (size != 0) {
            f(slots.first());
            f(slots.second());
            slots.commit(size);
        }
        return size;
    }

    template <typename F>
    std::size_t read_in_place(std::size_t n, F&& f) {
        auto items = this->ring_.try_peek(n);
        const std::size_t size = items.size();
        if (size != 0) {
            f(items.first());
            f(items.second());
            items.release(size);
        }
        return size;
    }
};

}  // namespace

std::vector<queue_entry> weir_queues() {
    const queue_entry spsc{.name = "weir::spsc_ring",
                           .configuration = "try_push/try_pop; try_push_n/try_pop_n; try_reserve/try_peek",
                           .subject = true,
                           .plays = league::transfer | league::waiting | league::crowd | league::credit |
                                    league::ready | league::processes,
                           .one_process = true,
                           .sibling = "weir::mpmc_ring",
                           .make = make_channel<spsc_ring>};
    std::vector<queue_entry> all{spsc};
    for (const auto& more :
         {weir_spsc_waiting_queues(spsc), weir_mpmc_queues(), weir_pull_queues(), weir_overflow_queues(),
          weir_message_queues(), weir_broadcast_queues(), weir_awaiting_queues()}) {
        all.insert(all.end(), more.begin(), more.end());
    }
#if defined(__linux__)
    const auto between_processes = weir_shm_queues();
    all.insert(all.end(), between_processes.begin(), between_processes.end());
#endif
    return all;
}

}  // namespace bench
