// SPDX-License-Identifier: MIT
//
// What a real-time callback may call, under Clang's -Wfunction-effects (20 and later): nothing that allocates, locks, throws or
// makes a system call. The headers have no [[clang::nonblocking]] of their own: Clang infers it for each ring and each type of
// element. compilers.sh compiles this file, and checks that Clang refuses it with one of the macros below defined.
#include <weir/overflow.hpp>
#include <weir/ring.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>

namespace {

struct block {
    std::array<float, 64> samples;
};

// Copied and moved by functions of its own.
struct counted {
    int value = 0;
    counted() noexcept = default;
    counted(const counted& other) noexcept : value(other.value + 1) {}
    counted& operator=(const counted& other) noexcept {
        value = other.value;
        return *this;
    }
    ~counted() {}
};

template <class Ring>
bool callback(Ring& ring, const typename Ring::value_type& given) noexcept [[clang::nonblocking]] {
    using T = typename Ring::value_type;
    T item = given;
    std::array<T, 4> some{};
    bool all = static_cast<bool>(ring.try_push(given)) && static_cast<bool>(ring.try_push(std::move(item)));
    all &= static_cast<bool>(ring.try_emplace(given));
    all &= ring.try_push_n(std::span<const T>(some)) == 4;
    if constexpr (Ring::has_contiguous_slots) {
        if (auto room = ring.try_reserve(2); !room.empty()) {
            room.emplace(given);
            room.commit(1);
        }
        if (auto items = ring.try_peek(2); !items.empty()) {
            item = items.first()[0];
            items.release(1);
        }
    }
    if constexpr (Ring::has_force_push) {
        if (const auto forced = ring.try_force_push(given); forced.oldest) item = *forced.oldest;
    }
    if constexpr (Ring::has_drop_oldest) all &= static_cast<bool>(ring.try_drop_oldest());
    all &= static_cast<bool>(ring.try_pop(item));
    if (const std::optional<T> mine = ring.try_pop()) item = *mine;
    all &= ring.try_pop_n(std::span(some)) > 0;
    all &= ring.consume([&](T& each) noexcept { item = each; }, 2) > 0;
    all &= static_cast<bool>(ring.try_consume_one([&](T& each) noexcept { item = each; }));
    return all && ring.size_approx() < ring.capacity() && !ring.is_closed();
}

template <class Ring>
bool lossy_callback(Ring& ring, const typename Ring::value_type& given) noexcept [[clang::nonblocking]] {
    typename Ring::value_type item = given;
    return ring.push(given) && ring.push(std::move(item)) && ring.try_pop(item);
}

using spin = weir::wait::spin;
namespace overflow = weir::overflow;

template <class... Rings>
bool instantiate() {
    return ((&callback<Rings> != nullptr) && ...);
}
template <class... Rings>
bool instantiate_lossy() {
    return ((&lossy_callback<Rings> != nullptr) && ...);
}

}  // namespace

bool use_in_real_time() {
#if defined(WEIR_SLEEPS)
    return instantiate<weir::spsc_ring<float, weir::wait::park>>();  // a push wakes a sleeper by a system call
#elif defined(WEIR_READS_A_CLOCK)
    return instantiate<weir::spsc_ring<float, spin, weir::stats::on>>();  // a refused push
#elif defined(WEIR_ALLOCATES)
    return instantiate<weir::spsc_ring<std::string, spin>>();  // a copy allocates
#else
    return instantiate<weir::spsc_ring<float, spin>, weir::spsc_ring<block, spin, weir::storage::fixed<64>>,
                       weir::spsc_ring<counted, weir::wait::yield>, weir::spsc_ring<float, weir::wait::sleep>,
                       weir::mpmc_ring<float, spin>, weir::mpsc_ring<block, spin>,
                       weir::mpmc_ring<counted, spin, std::uint32_t>, weir::strict_mpmc_ring<float, spin>,
                       weir::strict_mpmc_ring<counted, spin>>() &&
           instantiate_lossy<weir::overflow_ring<float, overflow::drop_newest, spin>,
                             weir::overflow_ring<float, overflow::drop_oldest, spin>,
                             weir::overflow_ring<block, overflow::reject, spin>>();
#endif
}
