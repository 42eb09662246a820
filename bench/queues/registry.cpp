// SPDX-License-Identifier: MIT
#include "bench/queues/queue.hpp"

namespace bench {

std::vector<queue_entry> built_in_queues() {
    std::vector<queue_entry> all;
    [[maybe_unused]] const auto add = [&all](std::vector<queue_entry> some) {
        all.insert(all.end(), some.begin(), some.end());
    };
    add(weir_queues());
#if defined(WEIR_BENCH_HAS_BOOST)
    add(boost_queues());
#endif
#if defined(WEIR_BENCH_HAS_MOODYCAMEL)
    add(moodycamel_queues());
#endif
#if defined(WEIR_BENCH_HAS_MOODYCAMEL_CONCURRENT)
    add(moodycamel_concurrent_queues());
#endif
#if defined(WEIR_BENCH_HAS_ATOMIC_QUEUE)
    add(atomic_queue_queues());
#endif
#if defined(WEIR_BENCH_HAS_CONCURRENCY_KIT)
    add(concurrency_kit_queues());
#endif
#if defined(WEIR_BENCH_HAS_JACK)
    add(jack_queues());
#endif
#if defined(WEIR_BENCH_HAS_DPDK)
    add(dpdk_queues());
#endif
#if defined(WEIR_BENCH_HAS_TBB)
    add(tbb_queues());
#endif
#if defined(WEIR_BENCH_HAS_ASIO)
    add(asio_queues());
#endif
#if defined(WEIR_BENCH_HAS_BOOST_FIBER)
    add(fiber_queues());
#endif
#if defined(WEIR_BENCH_HAS_BOOST_INTERPROCESS)
    add(boost_interprocess_queues());
#endif
#if defined(__linux__)
    add(kernel_queues());
#endif
    add(standard_queues());
    add(mutex_awaiting_queues());
    return all;
}

std::vector<absent_queue> absent_queues() {
    return {
#if !defined(WEIR_BENCH_HAS_BOOST)
        {"boost::lockfree::spsc_queue", "libboost-dev"},
#endif
#if defined(__linux__) && !defined(WEIR_BENCH_HAS_BOOST_INTERPROCESS)
            {"boost::interprocess::message_queue", "libboost-dev"},
#endif
#if !defined(WEIR_BENCH_HAS_MOODYCAMEL)
            {"moodycamel::ReaderWriterQueue", "libreaderwriterqueue-dev"},
#endif
#if !defined(WEIR_BENCH_HAS_MOODYCAMEL_CONCURRENT)
            {"moodycamel::ConcurrentQueue", "libconcurrentqueue-dev"},
#endif
#if !defined(WEIR_BENCH_HAS_ATOMIC_QUEUE)
            {"atomic_queue", "libatomic-queue-dev"},
#endif
#if !defined(WEIR_BENCH_HAS_CONCURRENCY_KIT)
            {"ck_ring", "libck-dev"},
#endif
#if !defined(WEIR_BENCH_HAS_JACK)
            {"jack_ringbuffer", "libjack-jackd2-dev"},
#endif
#if !defined(WEIR_BENCH_HAS_DPDK)
            {"rte_ring", "libdpdk-dev"},
#endif
#if !defined(WEIR_BENCH_HAS_TBB)
            {"tbb::concurrent_bounded_queue", "libtbb-dev"},
#endif
#if !defined(WEIR_BENCH_HAS_ASIO)
            {"asio::concurrent_channel", "libasio-dev"},
#endif
#if !defined(WEIR_BENCH_HAS_BOOST_FIBER)
            {"boost::fibers::buffered_channel", "libboost-fiber-dev"},
#endif
    };
}

}  // namespace bench
