// SPDX-License-Identifier: MIT
#include <weir/overflow.hpp>
#include <weir/overflow_messages.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>

struct tick {
    std::uint64_t sequence;
    double price;
};
struct order {
    int urgency;
    int number;
};

int main() {
    bool resynchronised = false;
    // show
    weir::overflow_ring<tick, weir::overflow::drop_oldest> ticks(4);
    for (std::uint64_t i = 1; i <= 10; ++i) {
        (void)ticks.try_push({i, 99.5});  // never refused: the oldest one makes room
    }
    while (auto t = ticks.try_pop()) {
        if (ticks.gap() > 0) resynchronised = true;  // so many are missing right before this one
    }
    const auto sum = ticks.account();  // accepted = delivered + queued + lost, to the item
    // end
    if (!resynchronised || !sum.is_exact() || sum.lost_oldest != 6 || sum.delivered != 4) return 1;

    // show classes
    const auto urgency = [](const order& o) { return static_cast<std::size_t>(o.urgency); };
    using by_urgency = weir::overflow::shed_lowest<3, decltype(urgency)>;
    weir::overflow_ring<order, by_urgency> orders(2, by_urgency{urgency});
    (void)orders.try_push({0, 1});
    (void)orders.try_push({2, 2});
    (void)orders.try_push({1, 3});  // full: 1, of the lowest class, is lost
    // end
    if (orders.try_pop()->number != 2 || orders.account().lost_lowest != 1) return 1;

    const std::array<std::byte, 8> header{};
    const std::array<std::byte, 200> body{};
    std::uint64_t missing = 0;
    // show messages
    weir::overflow_message_ring<weir::overflow::drop_oldest> log(1024);  // bytes
    for (int i = 0; i < 10; ++i) (void)log.push({header, body}, 7);      // never refused
    log.consume([&](std::uint16_t, std::span<const std::byte>) {
        missing += log.gap();  // so many messages are missing right before this one
    });
    const weir::overflow::message_ledger lines = log.account();  // in messages and in bytes
    // end
    if (missing != lines.messages.lost() || missing * 208 != lines.bytes.lost_oldest) return 1;

    // show codel
    using namespace std::chrono_literals;
    using late = weir::overflow::codel<>;
    weir::overflow_ring<order, late> requests(1000, late{.target = 5ms, .interval = 100ms});
    // end
    return requests.try_push({1, 1}) && requests.try_pop() ? 0 : 1;
}
