// SPDX-License-Identifier: MIT
#include "bench/queues/weir.hpp"

namespace bench {
namespace {

template <typename T>
using spsc_park = waiting<weir::spsc_ring<T>>;
template <typename T>
using spsc_spin = waiting<weir::spsc_ring<T, weir::wait::spin>>;
template <typename T>
using spsc_yield = waiting<weir::spsc_ring<T, weir::wait::yield>>;
template <typename T>
using spsc_seq_cst = waiting<weir::spsc_ring<T, weir::wait::parking<weir::fence::seq_cst>>>;
template <typename T>
using spsc_sleep = waiting<weir::spsc_ring<T, weir::wait::sleep>>;
#if defined(__linux__)
template <typename T>
using spsc_event = waiting<weir::spsc_ring<T, weir::wait::event>>;
#endif

}  // namespace

std::vector<queue_entry> weir_spsc_waiting_queues(const queue_entry& try_form) {
    return {
        waits<spsc_park>(try_form, "push/pop", "wait::park, the default", true,
                         league::waiting | league::ready | league::awaiting | league::waking),
            waits<spsc_seq_cst>(try_form, "seq_cst", "wait::park with fence::seq_cst", true),
            waits<spsc_spin>(try_form, "spin", "wait::spin", false),
            waits<spsc_yield>(try_form, "yield", "wait::yield", false),
            waits<spsc_sleep>(try_form, "sleep", "wait::sleep", true),
#if defined(__linux__)
            waits<spsc_event>(try_form, "event", "wait::event", true),
#endif
    };
}

}  // namespace bench
