// SPDX-License-Identifier: MIT
#include <algorithm>

#include "bench/queues/weir.hpp"

namespace bench {
namespace {

/// A ring with credit on request. The consumer first requests the capacity, and then a sixteenth of it each time it has popped
/// as many items. It counts them in a local variable, as a consumer's loop would.
template <typename Ring>
class asking {
    using T = typename Ring::value_type;

public:
    class producer {
    public:
        explicit producer(asking& queue) : ring_(queue.ring_) {}
        bool try_push(const T& item) { return static_cast<bool>(ring_.try_push(item)); }

    private:
        Ring& ring_;
    };

    class consumer {
    public:
        explicit consumer(asking& queue) : ring_(queue.ring_), portion_(queue.portion_), left_(portion_) {}
        consumer(const consumer&) = delete;
        consumer& operator=(const consumer&) = delete;
        ~consumer() {
            if (left_ != portion_) ring_.request(portion_ - left_);
        }
        bool try_pop(T& item) {
            if (!ring_.try_pop(item)) return false;
            if (--left_ == 0) [[unlikely]] {
                ring_.request(portion_);
                left_ = portion_;
            }
            return true;
        }

    private:
        Ring& ring_;
        const std::size_t portion_;
        std::size_t left_;
    };

    explicit asking(std::size_t capacity) : ring_(capacity), portion_(std::max<std::size_t>(1, capacity / 16)) {
        ring_.request(capacity);
    }

private:
    Ring ring_;
    const std::size_t portion_;
};

template <typename T>
using pull_spsc_ring = asking<weir::pull::spsc_ring<T>>;
template <typename T>
using pull_mpmc_ring = asking<weir::pull::mpmc_ring<T>>;
template <typename T>
using pull_strict_mpmc_ring = asking<weir::pull::strict_mpmc_ring<T>>;

template <template <typename> class Adapter>
queue_entry on_request(const std::string& ring) {
    return {.name = "weir::pull::" + ring,
            .configuration = "try_push/try_pop; request(capacity / 16) after as many items",
            .subject = true,
            .plays = league::credit,
            .sibling = "weir::" + ring,
            .make = make_channel<Adapter>};
}

}  // namespace

std::vector<queue_entry> weir_pull_queues() {
    return {
        on_request<pull_spsc_ring>("spsc_ring"),
        on_request<pull_mpmc_ring>("mpmc_ring"),
        on_request<pull_strict_mpmc_ring>("strict_mpmc_ring"),
    };
}

}  // namespace bench
