// SPDX-License-Identifier: MIT
//
// All public headers of the rings in one file, and a few uses. With stub_macos first and -U__linux__ -D__APPLE__, or for an Apple
// target, it is compiled as on macOS, as far as another system's C library can stand in for its own. USE 1 uses wait::event, which
// is refused there.
#if defined(__APPLE__)
#include "not_on_macos.hpp"
#endif

#include <weir/broadcast_ring.hpp>
#include <weir/broadcast_stats.hpp>
#include <weir/clock.hpp>
#include <weir/credit.hpp>
#include <weir/credit_gate.hpp>
#include <weir/handles.hpp>
#include <weir/histogram.hpp>
#include <weir/histogram_text.hpp>
#include <weir/in_place.hpp>
#include <weir/latest.hpp>
#include <weir/message_ring.hpp>
#include <weir/messages.hpp>
#include <weir/overflow.hpp>
#include <weir/overflow_policy.hpp>
#include <weir/pipeline.hpp>
#include <weir/pipeline_text.hpp>
#include <weir/pull.hpp>
#include <weir/ring.hpp>
#include <weir/split.hpp>
#include <weir/stats.hpp>
#include <weir/stats_text.hpp>
#include <weir/status.hpp>
#include <weir/stop.hpp>
#include <weir/version.hpp>
#include <weir/wait.hpp>

int main() {
#if USE == 0
    weir::mpmc_ring<int, weir::storage::huge_pages> mpmc(4);
    weir::strict_mpmc_ring<int, weir::wait::sleep, weir::stats::on> strict(4);
    weir::pull::spsc_ring<int, weir::wait::yield> pull(4);
    weir::overflow_ring<int, weir::overflow::drop_oldest> overflow(4);
    weir::mpsc_message_ring<> messages(256);
    weir::broadcast_ring<int, weir::wait::spin> broadcast(4);
    weir::credit_gate gate(4);
    (void)(mpmc.push(1) && strict.push(1) && overflow.push(1) && broadcast.push(1) && gate.acquire(1));
    (void)(mpmc.pop_for(std::chrono::seconds(1)) && strict.pop());
    pull.request(1);
    (void)messages.try_push(std::span<const std::byte>(), 1);
#else
    weir::spsc_ring<int, weir::wait::event> ring(4);
#endif
}
