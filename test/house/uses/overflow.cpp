// SPDX-License-Identifier: MIT
#include <weir/overflow.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "test/house/uses/uses.hpp"
#include "test/support/event.hpp"

namespace {

using namespace std::chrono_literals;
namespace overflow = weir::overflow;

template <class T>
T item() {
    if constexpr (requires { typename T::element_type; }) {
        return std::make_unique<typename T::element_type>();
    } else {
        return T();
    }
}

// Fills the ring beyond its capacity, and pops all there is.
template <class T, class Policy, class Producers = overflow::one_producer, class Wait = weir::wait::park>
bool works(Policy policy) {
    weir::overflow_ring<T, Policy, Wait, weir::storage::heap, Producers> ring(8, policy);
    constexpr bool waits = requires(T&& t) { ring.push_until(std::move(t), std::chrono::steady_clock::now()); };
    for (std::size_t i = 0; i < 2 * ring.capacity(); ++i) {
        if constexpr (waits) {
            (void)ring.push_until(item<T>(), std::chrono::steady_clock::now());
        } else {
            (void)ring.push(item<T>());
        }
    }
    T out;
    std::size_t popped = 0;
    if (ring.try_pop(out)) ++popped;
    if (ring.pop(out)) ++popped;
    if (ring.pop_for(out, 1ms)) ++popped;
    if (ring.pop_until(out, std::chrono::steady_clock::now())) ++popped;
    if (const std::optional<T> mine = ring.try_pop()) ++popped;
    if (const std::optional<T> mine = ring.pop()) ++popped;
    ring.close();
    for (T each; ring.pop(each); ++popped) out = std::move(each);
    const overflow::ledger account = ring.account();
    return ring.is_closed() && account.is_exact() && account.delivered == popped && ring.gap() <= account.lost();
}

const auto lowest = [](const auto&) noexcept { return std::size_t{0}; };

}  // namespace

bool use_overflow() {
    using text = std::string;
    using owned = std::unique_ptr<int>;
    using classes = overflow::shed_lowest<2, decltype(lowest)>;
    return works<owned>(overflow::block{}) && works<int>(overflow::reject{}) && works<int>(overflow::drop_newest{}) &&
           works<text>(overflow::drop_oldest{}) && works<int>(overflow::sample{.keep_one_in = 2}) &&
           works<text>(classes{lowest}) && works<int>(overflow::codel<>{}) &&
           works<text, overflow::reject, overflow::many_producers>({}) &&
           works<owned, overflow::drop_oldest, overflow::many_producers, weir_test::event_if_any>({});
}
