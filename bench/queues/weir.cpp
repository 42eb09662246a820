// SPDX-License-Identifier: MIT
#include <weir/ring.hpp>

#include "make.hpp"
#include "queue.hpp"

namespace bench {
namespace {

template <typename T>
class spsc_ring {
public:
    explicit spsc_ring(std::size_t capacity) : ring_(capacity) {}

    bool try_push(const T& item) { return static_cast<bool>(ring_.try_push(item)); }
    bool try_pop(T& item) { return static_cast<bool>(ring_.try_pop(item)); }

    std::size_t push_n(std::span<const T> items) { return ring_.try_push_n(items); }
    std::size_t pop_n(std::span<T> items) { return ring_.try_pop_n(items); }

    template <typename F>
    std::size_t write_in_place(std::size_t n, F&& f) {
        auto slots = ring_.try_reserve(n);
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
        auto items = ring_.try_peek(n);
        const std::size_t size = items.size();
        if (size != 0) {
            f(items.first());
            f(items.second());
            items.release(size);
        }
        return size;
    }

private:
    weir::spsc_ring<T> ring_;
};

}  // namespace

std::vector<queue_entry> weir_queues() {
    return {{.name = "weir::spsc_ring",
             .configuration = "try_push/try_pop; try_push_n/try_pop_n; try_reserve/try_peek",
             .subject = true,
             .make = make_channel<spsc_ring>}};
}

}  // namespace bench
