// SPDX-License-Identifier: MIT
// overflow_message_ring: the oldest messages of a full ring make room for a new one, and every loss is counted in messages and bytes.
#include <weir/overflow_messages.hpp>
#include <weir/stats_text.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <iostream>
#include <span>

int main() {
    weir::overflow_message_ring<weir::overflow::drop_oldest> log(1024);  // bytes

    std::array<std::byte, 16> header{};
    std::array<std::byte, 200> body{};
    for (std::uint16_t line = 0; line < 100; ++line) {
        // A message in two pieces. It is never refused: at most five of these are kept.
        (void)log.push({header, std::span<const std::byte>(body).first(100 + line)}, line);
    }

    std::uint64_t missing = 0;
    std::uint16_t last = 0;
    const std::size_t visited = log.consume([&](std::uint16_t line, std::span<const std::byte> bytes) {
        missing += log.gap();  // how many were lost right before this one
        last = line;
        std::cout << "line " << line << ": " << bytes.size() << " bytes, " << log.gap() << " lost before it\n";
    });

    const weir::overflow::message_ledger sum = log.account();
    std::cout << to_text(sum);
    const bool is_exact = sum.messages.is_exact() && sum.bytes.is_exact();
    return last == 99 && visited + missing == 100 && sum.messages.lost_oldest == missing && is_exact ? 0 : 1;
}
