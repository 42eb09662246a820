// SPDX-License-Identifier: MIT
#include <weir/handles.hpp>
#include <weir/ring.hpp>
#include <weir/select.hpp>
#include <weir/stats_text.hpp>
#include <weir/stop.hpp>

#include <chrono>
#include <cstddef>
#include <cstdio>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>

// show status
const char* what_now(weir::status answer) {
    switch (answer.code()) {
    case weir::status::success: return "done";
    case weir::status::full: return "every slot is taken: the consumer is behind";
    case weir::status::no_credit: return "there is room, but the consumer has not asked for more";
    case weir::status::empty: return "nothing to pop";
    case weir::status::busy: return "another thread is in the middle of that slot: try again";
    case weir::status::closed: return "there will be no more";
    case weir::status::timeout: return "time was up, and nothing has happened";
    case weir::status::too_large: return "larger than any message that this ring takes";
    case weir::status::peer_died: return "the process on the other side has died";
    case weir::status::corrupted: return "another process has written over the ring";
    }
    return "";
}
// end

// show handles
void produce(weir::sender<weir::spsc_ring<int>> out) {
    for (int i = 0; i < 100; ++i) {
        if (!out.push(i)) return;  // the receiver has gone
    }
}  // the last sender ends here, and closes the ring
// end

int main() {
    using namespace std::chrono_literals;
    weir::spsc_ring<int> ring(8);
    int handled = 0;
    // show timeout
    int item = 0;
    switch (ring.pop_for(item, 2ms).code()) {  // any unit, also a floating one
    case weir::status::success: ++handled; break;
    case weir::status::timeout: break;  // housekeeping, then again
    default: break;                     // closed
    }
    // end

    // show stop
    std::jthread consumer([&](std::stop_token stop) {
        ring.adopt_consumer();  // this thread takes the side over
        for (int next = 0; weir::pop(ring, next, stop);) ++handled;
    });
    (void)ring.push(1);
    consumer.request_stop();  // wakes it, also if the ring is empty
    consumer.join();
    // end

    auto [tx, rx] = weir::channel<weir::spsc_ring<int>>(16);
    int received = 0;
    // show handles
    std::thread producer(produce, std::move(tx));
    while (auto next = rx.pop()) ++received;
    producer.join();
    // end

    // show stats
    weir::spsc_ring<int, weir::stats::on> counted(8);
    (void)counted.try_push(1);
    (void)counted.try_pop();
    (void)counted.try_pop();  // empty
    std::puts(weir::to_text(counted.snapshot()).c_str());
    const std::string page = weir::to_prometheus({{"feed", counted.snapshot()}});
    // end

    weir::spsc_ring<int> book(8), trades(8);
    for (int i = 0; i < 3; ++i) (void)book.push(i), (void)trades.push(i);
    book.close();
    int served = 0;
    // show select
    weir::selection feeds;  // whose turn it is, and which ends have closed
    while (auto ready = weir::select_for(20ms, feeds, weir::items_of(book), weir::items_of(trades))) {
        if (ready.is_closed()) continue;  // the end ready.index() will bring no more
        if (auto next = ready.index() == 0 ? book.try_pop() : trades.try_pop()) ++served;
    }  // time was up, or all are closed
    // end
    (void)trades.push(4);
    trades.close();
    // show handlers
    while (weir::select(weir::by_priority, weir::on(weir::items_of(trades), [&](int) { ++served; }),
                        weir::on(weir::items_of(book), [&](int) { ++served; }))) {
    }  // until all are closed
    // end

    // show memory
    using samples = weir::spsc_ring<float, weir::storage::borrowed, weir::wait::spin>;
    alignas(samples::memory_alignment) static std::byte memory[samples::bytes_for(1000)];
    samples in_place(1000, memory);  // no allocation at all
    // end
    return handled <= 1 && received == 100 && served == 7 && counted.snapshot().consumer.empty == 1 && !page.empty() &&
                   in_place.capacity() == 1000 && *what_now(weir::status::full) == 'e'
               ? 0
               : 1;
}
