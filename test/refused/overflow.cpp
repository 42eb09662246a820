// SPDX-License-Identifier: MIT
//
// Uses of overflow_ring that are refused with a sentence: the one whose number is USE. Number 0 is fine.
#include <chrono>
#include <cstddef>

#include "weir/message_ring.hpp"
#include "weir/overflow.hpp"
#include "weir/stats_text.hpp"

using namespace weir;

struct defined_elsewhere;
struct lowest {
    std::size_t operator()(int) const { return 0; }
};
struct throws_when_moved {
    throws_when_moved() = default;
    throws_when_moved(throws_when_moved&&) noexcept(false) {}
};
struct throws_when_assigned {
    throws_when_assigned() = default;
    throws_when_assigned(throws_when_assigned&&) noexcept = default;
    throws_when_assigned& operator=(throws_when_assigned&&) noexcept(false) { return *this; }
};
template <class Policy, class Producers = overflow::one_producer, class T = int>
using ring_of = overflow_ring<T, Policy, Producers>;

int main() {
#if USE == 0
    ring_of<overflow::shed_lowest<2, lowest>> shedding(2);
    ring_of<overflow::drop_oldest, overflow::many_producers> many(2);
    ring_of<overflow::drop_oldest, overflow::one_producer, throws_when_assigned> dropping(2);
    (void)dropping.try_pop();
    (void)to_prometheus({{"many", many.account()}});
#elif USE == 1
    ring_of<int> ring(2);
#elif USE == 2
    ring_of<overflow::block, int> ring(2);
#elif USE == 3
    ring_of<overflow::shed_lowest<2, lowest>, overflow::many_producers> ring(2);
#elif USE == 4
    [[maybe_unused]] const overflow::shed_lowest<1, lowest> policy{};
#elif USE == 5
    ring_of<overflow::codel<std::chrono::system_clock>> ring(2);
#elif USE == 6
    ring_of<overflow::reject, overflow::one_producer, throws_when_moved> ring(2);
#elif USE == 7
    ring_of<overflow::drop_oldest, overflow::one_producer, throws_when_assigned> ring(2);
    throws_when_assigned out;
    (void)ring.try_pop(out);
#elif USE == 8
    ring_of<overflow::block, overflow::one_producer, int&> ring(2);
#elif USE == 9
    ring_of<overflow::drop_oldest, overflow::many_producers, const int> ring(2);
    (void)ring.push(1);
    return *ring.pop();
#elif USE == 10
    ring_of<overflow::block, overflow::one_producer, defined_elsewhere> ring(2);
#elif USE == 11
    ring_of<overflow::drop_oldest> ring(2);
    (void)to_prometheus(ring.account());
#elif USE == 12
    ring_of<overflow::drop_oldest, overflow::one_producer, weir::message> ring(2);
#endif
}
