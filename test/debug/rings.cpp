// SPDX-License-Identifier: MIT
//
// Rings in known states, to be looked at in a debugger: it stops in at_rest(), and the rings are in the frame above. Where an item
// lies, and how a counter stands, is chosen so that the items wrap around. Run without a debugger it ends by itself.
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "weir/await.hpp"
#include "weir/broadcast_ring.hpp"
#include "weir/credit_gate.hpp"
#include "weir/latest.hpp"
#include "weir/message_ring.hpp"
#include "weir/overflow.hpp"
#include "weir/pull.hpp"
#include "weir/ring.hpp"

namespace {

struct tick {
    int sequence;
    double price = 0.5;
};

// An order of a class, for shed_lowest.
struct order {
    int id;
    int urgency;
};
struct by_urgency {
    std::size_t operator()(const order& o) const noexcept { return static_cast<std::size_t>(o.urgency); }
};

// Not trivially copyable.
struct news {
    explicit news(int number) noexcept : id(number) {}
    news(const news& other) noexcept : id(other.id) {}
    news& operator=(const news&) = default;
    int id;
};

// An element that takes its time when it is made, in its slot.
struct slow {
    explicit slow(int number) noexcept : id(number) {}
    explicit slow(std::atomic<int>* moment) noexcept : id(3) {
        *moment = 1;
        while (*moment != 2) std::this_thread::yield();
    }
    int id;
};

// A thread that is asleep, or in the middle of something, once the constructor is through.
class bystander {
public:
    template <class F>
    explicit bystander(F operation)
        : thread_([this, operation] {
              tid_ = ::gettid();
              operation();
          }) {
        // 20 ms in a row: so it does not merely wait for a moment on its way to sleep.
        for (int asleep = 0; asleep < 20;) {
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
            asleep = is_asleep() ? asleep + 1 : 0;
        }
    }
    ~bystander() { thread_.join(); }
    bystander(const bystander&) = delete;
    bystander& operator=(const bystander&) = delete;

private:
    bool is_asleep() const {
        if (tid_ == 0) return false;
        std::ifstream file("/proc/self/task/" + std::to_string(tid_) + "/stat");
        std::string line;
        std::getline(file, line);
        return line.find(") S ") != std::string::npos;
    }

    std::atomic<pid_t> tid_{0};
    std::thread thread_;
};

// Takes what an operation gives that waits without a thread.
struct receiver {
    void set_value(std::optional<int>) && noexcept {}
    void set_stopped() && noexcept {}
};

// What a debugger shows of a ring before its constructor was called, most often.
union ring_or_bytes {
    ring_or_bytes() : bytes{} {}
    ~ring_or_bytes() {}
    std::array<std::byte, sizeof(weir::spsc_ring<int>)> bytes;
    weir::spsc_ring<int> ring;
};

std::span<const std::byte> bytes(std::string_view text) { return std::as_bytes(std::span(text)); }

template <class Ring>
void push_and_pop(Ring& ring, int pushed_first, int popped, int pushed_then) {
    int number = 0;
    for (int i = 0; i < pushed_first; ++i) (void)ring.try_push({++number});
    for (int i = 0; i < popped; ++i) (void)ring.try_pop();
    for (int i = 0; i < pushed_then; ++i) (void)ring.try_push({++number});
}

// The compiler keeps a variable until here, and believes that this reads and writes it.
void see(void* variable) { asm volatile("" : : "r"(variable) : "memory"); }

}  // namespace

extern "C" [[gnu::noinline]] void at_rest() { asm volatile("" ::: "memory"); }

// A program may have its rings anywhere.
weir::spsc_ring<int> global_ring(4);
const weir::spsc_ring<int>& reference = global_ring;
const weir::spsc_ring<int>* pointer = &global_ring;

int main() {
    push_and_pop(global_ring, 2, 0, 0);

    // ---- one producer, one consumer
    weir::spsc_ring<int> plain(4);
    push_and_pop(plain, 4, 3, 2);
    weir::spsc_ring<int> empty(4);
    weir::spsc_ring<tick, weir::storage::fixed<3>, std::uint8_t> narrow(weir::start_at{254});
    push_and_pop(narrow, 3, 1, 1);
    weir::spsc_ring<int, weir::storage::huge_pages, weir::stats::on> huge(5);
    push_and_pop(huge, 5, 2, 0);
    huge.close();
    weir::spsc_ring<int, weir::wait::spin> reserved(8);
    push_and_pop(reserved, 1, 0, 0);
    auto slots = reserved.try_reserve(3);

    // ---- many producers, many consumers
    weir::mpmc_ring<tick> many(3);
    push_and_pop(many, 3, 2, 1);
    many.close();
    alignas(128) std::array<std::byte, 1024> memory;
    weir::mpmc_ring<int, weir::storage::borrowed, std::uint16_t, weir::wait::yield> given(
        5, memory, weir::start_at{~std::uint64_t{0} / 2 - 3});
    push_and_pop(given, 5, 4, 3);
    std::atomic<int> moment = 0;
    weir::mpmc_ring<slow> busy(4);
    (void)busy.try_emplace(1);
    (void)busy.try_emplace(2);
    std::thread pushing([&] { (void)busy.try_emplace(&moment); });
    while (moment != 1) std::this_thread::yield();
    (void)busy.try_emplace(4);

    // ---- strict
    weir::strict_mpmc_ring<int, weir::storage::allocated<std::allocator<int>>, weir::max_threads<2>> strict(3);
    push_and_pop(strict, 3, 2, 2);
    weir::strict_mpmc_ring<tick, weir::storage::fixed<2>, std::uint32_t, weir::wait::sleep> strict_closed;
    push_and_pop(strict_closed, 2, 1, 1);
    strict_closed.close();

    // ---- credit on request
    weir::pull::spsc_ring<int> pull_one(4);
    (void)pull_one.request(3);
    push_and_pop(pull_one, 2, 1, 0);
    weir::pull::mpmc_ring<int> pull_many(4);
    (void)pull_many.request(5);
    push_and_pop(pull_many, 3, 2, 0);
    weir::pull::strict_mpmc_ring<int> pull_strict(4);
    (void)pull_strict.request(weir::pull::unbounded);
    push_and_pop(pull_strict, 4, 2, 0);

    // ---- overflow
    weir::overflow_ring<int, weir::overflow::drop_oldest> oldest(2);
    push_and_pop(oldest, 3, 1, 2);
    weir::overflow_ring<int, weir::overflow::reject> refusing(2);
    push_and_pop(refusing, 3, 1, 0);
    weir::overflow_ring<tick, weir::overflow::drop_newest, weir::many_producers> newest(2);
    push_and_pop(newest, 4, 1, 0);
    weir::overflow_ring<int, weir::overflow::codel<>> controlled(4);
    push_and_pop(controlled, 2, 0, 0);
    weir::overflow_ring<order, weir::overflow::shed_lowest<3, by_urgency>> shedding(3);
    for (const order o : {order{1, 0}, order{2, 2}, order{3, 0}, order{4, 1}}) (void)shedding.try_push(o);

    // ---- messages
    weir::spsc_message_ring<> messages(64);
    (void)messages.try_push(bytes("twenty bytes and one."), 1);
    messages.consume([](std::uint16_t, std::span<const std::byte>) {});
    (void)messages.try_push(bytes("hello"), 7);
    (void)messages.try_push(bytes("no room before the end"), 8);
    weir::spsc_message_ring<weir::storage::fixed<512>, weir::message_alignment<64>> aligned;
    (void)aligned.try_push(bytes("first"), 1);
    (void)aligned.try_push(bytes(""), 2);
    aligned.close();
    weir::mpsc_message_ring<> shared_messages(256);
    (void)shared_messages.try_push(bytes("one"), 1);
    { auto dropped = shared_messages.try_reserve(8, 2); }
    (void)shared_messages.try_push(bytes("three"), 3);
    auto unfinished = shared_messages.try_reserve(10, 4);
    (void)shared_messages.try_push(bytes("five"), 5);

    // ---- broadcast, latest, credits
    weir::broadcast_ring<tick> feed(4);
    (void)feed.try_push({1, 0.5});
    auto book = feed.join({.name = "book"});
    auto log = feed.join({.name = "log", .after = {&book}});
    auto screen = feed.join({.name = "screen", .mode = weir::reader_mode::lossy});
    for (int i = 2; i <= 4; ++i) (void)feed.try_push({i, i + 0.5});
    (void)book.try_pop();
    (void)book.try_pop();
    (void)log.try_pop();
    (void)feed.try_push({5, 5.5});
    weir::broadcast_ring<news, weir::many_producers, weir::max_readers<2>> bulletin(2);
    auto editor = bulletin.join();
    for (int i = 1; i <= 3; ++i) {
        (void)bulletin.try_push(news(i));
        if (i == 1) (void)editor.try_pop();
    }
    bulletin.close();
    weir::broadcast_ring<int> lossy(2);
    auto late = lossy.join({.name = "late", .mode = weir::reader_mode::lossy});
    for (int i = 1; i <= 5; ++i) (void)lossy.try_push(i);
    (void)late.try_pop();

    weir::latest<tick> price(tick{0, 0.0});
    for (int i = 1; i <= 6; ++i) price.write({i, i * 1.25});

    weir::credit_gate gate(10);
    weir::credit_gate::share share(gate, 2);
    auto in_share = share.try_acquire(3);
    auto in_flight = gate.try_acquire(4);

    // ---- who waits
    weir::mpmc_ring<int> awaited(4);
    const bystander first_consumer([&] { (void)awaited.pop(); });
    const bystander second_consumer([&] { (void)awaited.wait_for_items(3); });
    auto suspended_consumer = weir::async_pop(awaited).connect(receiver{});
    suspended_consumer.start();
    weir::spsc_ring<int> full(2);
    const bystander producer([&] { (void)full.push_n(std::array{1, 2, 3}); });
    weir::spsc_ring<int, weir::wait::event> event(4);
    const bystander event_consumer([&] { (void)event.pop(); });
    weir::spsc_message_ring<> no_messages(64);
    const bystander message_consumer(
        [&] { (void)no_messages.consume_one([](std::uint16_t, std::span<const std::byte>) {}); });
    weir::broadcast_ring<int> nothing_new(4);
    auto reader = nothing_new.join({.name = "reader"});
    const bystander sleeping_reader([&] { (void)reader.pop(); });
    const bystander waiter([&] { (void)gate.acquire(6); });

    ring_or_bytes unmade;
    see(&unmade);

    at_rest();

    see(&unmade);
    moment = 2;
    pushing.join();
    unfinished.commit(0);
    in_flight.reset();
    in_share.reset();
    awaited.close();
    full.close();
    event.close();
    no_messages.close();
    nothing_new.close();
    gate.close();
}
