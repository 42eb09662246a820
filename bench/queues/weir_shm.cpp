// SPDX-License-Identifier: MIT
//
// weir's ring between processes, and the same ring between threads of one process.
#include <weir/shm/spsc_ring.hpp>

#include <optional>

#include "bench/queues/make_crossing.hpp"
#include "bench/queues/weir.hpp"

namespace bench {
namespace {

/// Each end is taken, and maps the segment for itself, when a thread uses it for the first time: by then that thread's process has
/// been started.
template <typename T>
class shm_spsc {
    using ring = weir::shm::spsc_ring<T>;
    static constexpr const char* type_name = "bench item";

public:
    explicit shm_spsc(std::size_t capacity) : made_(ring::create(capacity, type_name)) {}

    class producer {
    public:
        explicit producer(shm_spsc& of) : end_(&of.taken_producer()) {}
        bool try_push(const T& item) { return static_cast<bool>(end_->try_push(item)); }

    private:
        weir::shm::spsc_producer<T>* end_;
    };
    class consumer {
    public:
        explicit consumer(shm_spsc& of) : end_(&of.taken_consumer()) {}
        bool try_pop(T& item) { return static_cast<bool>(end_->try_pop(item)); }

    private:
        weir::shm::spsc_consumer<T>* end_;
    };

private:
    // Out of line: the loops that are measured are flattened.
    [[gnu::noinline]] weir::shm::spsc_producer<T>& taken_producer() {
        if (!producer_) producer_.emplace(ring::attach(made_.descriptor(), type_name).attach_producer());
        return *producer_;
    }
    [[gnu::noinline]] weir::shm::spsc_consumer<T>& taken_consumer() {
        if (!consumer_) consumer_.emplace(ring::attach(made_.descriptor(), type_name).attach_consumer());
        return *consumer_;
    }

    ring made_;
    alignas(128) std::optional<weir::shm::spsc_producer<T>> producer_;
    alignas(128) std::optional<weir::shm::spsc_consumer<T>> consumer_;
};

}  // namespace

std::vector<queue_entry> weir_shm_queues() {
    const queue_entry between{.name = "weir::shm::spsc_ring",
                              .configuration = "a segment without a name, mapped by each process; try_push/try_pop",
                              .subject = true,
                              .plays = league::processes,
                              .sibling = "weir::shm::spsc_ring, threads",
                              .make = make_crossing_channel<shm_spsc>};
    queue_entry within = between;
    within.name = "weir::shm::spsc_ring, threads";
    within.configuration = "the same ring between two threads of one process";
    within.one_process = true;
    within.sibling = "weir::spsc_ring";
    return {between, within};
}

}  // namespace bench
