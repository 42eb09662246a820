// SPDX-License-Identifier: MIT
//
// A logger that never waits: the oldest lines make room, and the writer notes where lines are missing.
#include <weir/messages.hpp>
#include <weir/overflow_messages.hpp>

#include <cstdint>
#include <thread>

struct line {
    std::uint64_t number;
    char text[48];
};
struct mark {
    std::uint64_t number;
};
using log_lines = weir::messages<line, mark>;

int main() {
    weir::overflow_message_ring<weir::overflow::drop_oldest> ring(1024);
    constexpr std::uint64_t lines = 20'000;

    std::jthread program([&] {
        for (std::uint64_t n = 1; n <= lines; ++n) {
            if (n % 5 == 0) {
                (void)log_lines::push(ring, mark{n});
            } else {
                (void)log_lines::push(ring, line{n, "hello"});
            }
        }
        ring.close();
    });

    std::uint64_t written = 0, missing = 0;
    const auto note = [&](const auto&) { ++written, missing += ring.gap(); };
    while (ring.consume_some(log_lines::visitor(note), 1) > 0) continue;

    const auto sum = ring.account();
    return written + missing == lines && sum.messages.lost() == missing && sum.bytes.is_exact() ? 0 : 1;
}
