// SPDX-License-Identifier: MIT
//
// latest<T>: always the newest value, and always a whole one.
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <thread>
#include <vector>

#include "test/support/wait_support.hpp"
#include "weir/latest.hpp"

namespace {

template <std::size_t Words>
using value = std::array<std::uint64_t, Words>;

TEST(latest, is_the_value_that_was_written_last) {
    weir::latest<int> number(7);
    EXPECT_EQ(number.read(), 7);
    EXPECT_EQ(number.version(), 0U);
    for (int i = 1; i <= 100; ++i) {
        number.write(i);
        std::uint64_t version = 0;
        EXPECT_EQ(number.read(version), i);
        EXPECT_EQ(version, static_cast<std::uint64_t>(i));
    }
}

TEST(latest, tells_each_reader_what_is_new_to_it) {
    weir::latest<double> price(1.5);
    std::uint64_t knows_the_first = 0, knows_nothing = ~std::uint64_t{0};
    EXPECT_FALSE(price.read_if_newer(knows_the_first));
    EXPECT_EQ(price.read_if_newer(knows_nothing), 1.5);
    EXPECT_FALSE(price.read_if_newer(knows_nothing));
    price.write(2.5);
    price.write(3.5);
    EXPECT_EQ(price.read_if_newer(knows_the_first), 3.5);
    EXPECT_FALSE(price.read_if_newer(knows_the_first));
    EXPECT_EQ(knows_the_first, 2U);
}

struct odd {
    char bytes[13];
    bool operator==(const odd&) const = default;
};
struct no_default {
    explicit no_default(int number) noexcept : n(number) {}
    int n;
};
TEST(latest, takes_values_of_any_size) {
    weir::latest<odd> text;
    EXPECT_EQ(text.read(), odd{});
    text.write({"twelve bytes"});
    EXPECT_EQ(text.read(), odd{"twelve bytes"});
    weir::latest<no_default> n(no_default(3));
    EXPECT_EQ(n.read().n, 3);
    weir::latest<char> letter('a');
    letter.write('b');
    EXPECT_EQ(letter.read(), 'b');
}

// Each word is the number of the version: parts of two would show.
template <std::size_t Words>
void race() {
    const std::uint64_t rounds = weir_test::rounds(300'000);
    weir::latest<value<Words>> shared;
    std::atomic<bool> is_over{false};
    std::vector<std::thread> readers;
    for (int r = 0; r < 2; ++r) {
        readers.emplace_back([&] {
            std::uint64_t before = 0;
            bool last = false;
            while (!last) {
                last = is_over.load();
                std::uint64_t version = 0;
                const auto seen = shared.read(version);
                for (const std::uint64_t word : seen) ASSERT_EQ(word, version);
                ASSERT_GE(version, before);
                before = version;
            }
            EXPECT_EQ(before, rounds);
        });
    }
    for (std::uint64_t n = 1; n <= rounds; ++n) {
        value<Words> next;
        next.fill(n);
        shared.write(next);
    }
    is_over = true;
    for (std::thread& reader : readers) reader.join();
}
TEST(latest, is_never_made_of_parts_of_two_values) {
    race<1>();
    race<3>();
    race<40>();
}

}  // namespace
