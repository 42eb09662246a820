// SPDX-License-Identifier: MIT
//
// Prints which ring has which operation, as a table in Markdown, for the page operations.md. The compiler says it: an operation that
// a ring claims is compiled here with that ring, so a claim that is wrong ends in the ring's own sentence.
#include <weir/await.hpp>
#include <weir/broadcast_ring.hpp>
#include <weir/latest.hpp>
#include <weir/message_ring.hpp>
#include <weir/overflow.hpp>
#include <weir/pull.hpp>
#include <weir/ring.hpp>
#include <weir/select.hpp>

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace {

template <class Ring>
struct column {
    using ring = Ring;
    std::string_view name;
};

constexpr std::tuple columns{
    column<weir::spsc_ring<int>>{"`spsc`"},
    column<weir::mpmc_ring<int>>{"`mpmc`"},
    column<weir::strict_mpmc_ring<int>>{"`strict`"},
    column<weir::pull::spsc_ring<int>>{"`pull::spsc`"},
    column<weir::pull::mpmc_ring<int>>{"`pull::mpmc`"},
    column<weir::overflow_ring<int, weir::overflow::drop_oldest>>{"`overflow`"},
    column<weir::spsc_message_ring<>>{"`spsc message`"},
    column<weir::mpsc_message_ring<>>{"`mpsc message`"},
    column<weir::broadcast_ring<int>>{"`broadcast`"},
    column<weir::latest<int>>{"`latest`"},
};

/// Whose consumer's operations are asked for: a reader's on a broadcast ring.
template <class Ring>
struct consumer_of {
    using type = Ring;
};
template <class Ring>
    requires requires { typename Ring::reader; }
struct consumer_of<Ring> {
    using type = typename Ring::reader;
};

void print(const std::string& name, const std::vector<std::string>& cells) {
    std::printf("| %s |", name.c_str());
    for (const std::string& cell : cells) std::printf(" %s |", cell.c_str());
    std::printf("\n");
}

template <class F>
void row(const char* name, F cell) {
    std::vector<std::string> cells;
    std::apply([&](const auto&... c) { (cells.push_back(cell(c)), ...); }, columns);
    print(name, cells);
}

void group(const char* name) {
    row(name, [](const auto&) { return std::string(); });
}

std::string says(bool is_so) { return is_so ? "yes" : "no"; }

std::string words(weir::progress how) {
    switch (how) {
    case weir::progress::blocking: return "blocking";
    case weir::progress::may_be_busy: return "may be busy";
    case weir::progress::lock_free: return "lock-free";
    case weir::progress::wait_free: return "wait-free";
    }
    return "";
}

/// A row of an operation: `has` says which rings have it, and `use` is compiled with each of these.
template <class Use, class Has>
void operation(const char* name, Has has, Use use) {
    row(name, [&]<class Ring>(const column<Ring>&) {
        constexpr bool is_there = Has::template value<Ring>;
        if constexpr (is_there) {
            // Instantiated, never called: a refused operation would end in its static_assert.
            [[maybe_unused]] void (*const compiled)(Ring&) = [](Ring& ring) { Use{}(ring); };
        }
        (void)has, (void)use;
        return says(is_there);
    });
}

// Operations that every ring has under its name, or lacks under any. `F` is a lambda without captures, and a ring has the operation
// if F can be called with it.
template <class F>
struct if_compiles {
    template <class Ring>
    static constexpr bool value = std::invocable<F, Ring&>;
};
template <class F>
void operation(const char* name, F f) {
    operation(name, if_compiles<F>{}, f);
}

// A value of the ring says whether it has the operation, since the function is there in any case, to refuse.
#define WEIR_CLAIM(claim, member)                       \
    struct claim {                                      \
        template <class Ring>                           \
        static constexpr bool value = [] {              \
            if constexpr (requires { Ring::member; }) { \
                return static_cast<bool>(Ring::member); \
            } else {                                    \
                return false;                           \
            }                                           \
        }();                                            \
    }
WEIR_CLAIM(contiguous, has_contiguous_slots);
WEIR_CLAIM(on_request, has_credit_on_request);
WEIR_CLAIM(forces, has_force_push);
WEIR_CLAIM(drops, has_drop_oldest);
#undef WEIR_CLAIM

struct awaits {
    template <class Ring>
    static constexpr bool value = weir::detail::ring_to_await<Ring>;
};
struct waits_with_others {
    template <class Ring>
    static constexpr bool value = weir::detail::ring_of_any_family<Ring>;
};

template <class Ring>
using end_of = typename consumer_of<Ring>::type;
/// Stands for that end where an operation is only compiled.
template <class Ring>
end_of<Ring>& consumer(Ring&) {
    std::abort();
}

constexpr auto visit = [](const auto&...) noexcept {};
constexpr auto stop = []() noexcept { return true; };
using bytes = std::span<const std::byte>;
constexpr std::chrono::milliseconds soon{1};

template <class Ring, class Value, class... More>
concept can_try_push = requires(Ring& r, Value v, More... m) { r.try_push(v, m...); };

}  // namespace

int main() {
    std::vector<std::string> heads, lines;
    std::apply([&](const auto&... c) { (heads.emplace_back(c.name), ...); }, columns);
    print("", heads);
    print("---", std::vector<std::string>(heads.size(), "---"));

    group("Threads");
    row("producers", []<class R>(const column<R>&) -> std::string {
        if constexpr (requires { R::has_many_producers; }) return R::has_many_producers ? "any" : "one";
        return "one";
    });
    row("consumers", []<class R>(const column<R>&) -> std::string {
        if constexpr (requires { typename R::reader; }) return "each sees all";
        if constexpr (requires { R::write_progress; }) return "any, the newest";
        if constexpr (requires { R::has_many_consumers; }) return R::has_many_consumers ? "any" : "one";
        return "";
    });
    row("progress of a try-push, or write", []<class R>(const column<R>&) {
        if constexpr (requires { R::write_progress; }) {
            return words(R::write_progress);
        } else {
            return words(R::try_push_progress);
        }
    });
    row("progress of a try-pop, or read", []<class R>(const column<R>&) {
        if constexpr (requires { R::read_progress; }) {
            return words(R::read_progress);
        } else {
            return words(R::try_pop_progress);
        }
    });

    group("Push without waiting");
    operation(
        "`try_push(x)`", [](auto& r) requires(can_try_push<decltype(r), int>) { (void)r.try_push(1); });
    operation(
        "`try_push(bytes, type)`",
        [](auto& r) requires(can_try_push<decltype(r), bytes>) { (void)r.try_push(bytes{}); });
    operation("`try_emplace(args...)`", [](auto& r) -> decltype((void)r.try_emplace(1)) { (void)r.try_emplace(1); });
    operation("`try_push_n(span)`", [](auto& r) -> decltype((void)r.try_push_n(std::span<const int>())) {
        (void)r.try_push_n(std::span<const int>());
    });
    operation("`try_reserve(n)`: slots in place", contiguous{}, [](auto& r) { (void)r.try_reserve(1); });
    operation(
        "`try_reserve(bytes, type)`", [](auto& r) requires requires {
            typename std::remove_reference_t<decltype(r)>::pieces;
        } { (void)r.try_reserve(1, std::uint16_t{0}); });
    operation("`force_push(x, f)`, `try_force_push`", forces{},
              [](auto& r) { (void)r.force_push(1, visit), (void)r.try_force_push(1); });
    operation("`try_drop_oldest()`", drops{}, [](auto& r) { (void)r.try_drop_oldest(); });
    operation("`write(value)`", [](auto& r) -> decltype(r.write(1)) { r.write(1); });

    group("Push and wait");
    operation(
        "`push`, `push_until`", [](auto& r) requires requires { r.push_until(1, weir::forever); } { (void)r.push(1); });
    operation(
        "`push(bytes, type)`, `push_until`",
        [](auto& r) requires requires { r.push_until(bytes{}, weir::forever); } { (void)r.push(bytes{}); });
    operation(
        "`push_for(..., time)`",
        [](auto& r) requires requires { r.push_for(1, soon); } || requires { r.push_for(bytes{}, soon); } {
            if constexpr (requires { r.push_for(1, soon); }) {
                (void)r.push_for(1, soon);
            } else {
                (void)r.push_for(bytes{}, soon);
            }
        });
    operation(
        "`push_unless(..., stop)`, stop tokens",
        [](auto& r) requires requires { r.push_unless(1, stop); } || requires { r.push_unless(bytes{}, stop); } {
            if constexpr (requires { r.push_unless(1, stop); }) {
                (void)r.push_unless(1, stop);
            } else {
                (void)r.push_unless(bytes{}, stop);
            }
        });
    operation("`emplace(args...)`", [](auto& r) -> decltype((void)r.emplace(1)) { (void)r.emplace(1); });
    operation("`push_n(span)`, `push_n_unless`", [](auto& r) -> decltype((void)r.push_n(std::span<const int>())) {
        (void)r.push_n(std::span<const int>()), (void)r.push_n_unless(std::span<const int>(), stop);
    });
    operation("`reserve(bytes)`, `reserve_for`, ...", [](auto& r) -> decltype((void)r.reserve(1)) {
        (void)r.reserve(1), (void)r.reserve_for(1, soon), (void)r.reserve_unless(1, stop);
    });
    operation("`wait_for_slots(n)`", [](auto& r) -> decltype((void)r.wait_for_slots(1)) { (void)r.wait_for_slots(1); });

    group("Pop without waiting (a reader's, on a broadcast ring)");
    operation(
        "`try_pop(out)`, `try_pop()`", [](auto& r) requires requires { consumer(r).try_pop(); } {
            int out = 0;
            (void)consumer(r).try_pop(out), (void)consumer(r).try_pop();
        });
    operation(
        "`try_pop_n(span)`", [](auto& r) requires requires { consumer(r).try_pop_n(std::span<int>()); } {
            (void)consumer(r).try_pop_n(std::span<int>());
        });
    operation(
        "`consume(f)`: in place",
        [](auto& r) requires requires { consumer(r).consume(visit); } { (void)consumer(r).consume(visit); });
    operation(
        "`try_consume_one(f)`", [](auto& r) requires requires { consumer(r).try_consume_one(visit); } {
            (void)consumer(r).try_consume_one(visit);
        });
    operation("`try_peek(n)`: slots in place", contiguous{}, [](auto& r) { (void)r.try_peek(1); });
    operation("`request(n)`", on_request{}, [](auto& r) { r.request(1); });
    operation(
        "`read()`, `read_if_newer(seen)`", [](auto& r) requires requires { r.read(); } {
            std::uint64_t seen = 0;
            (void)r.read(), (void)r.read_if_newer(seen);
        });

    group("Pop and wait");
    operation(
        "`pop`, `pop_for`, `pop_until`, `pop_unless`", [](auto& r) requires requires { consumer(r).pop(); } {
            int out = 0;
            (void)consumer(r).pop(), (void)consumer(r).pop_for(out, soon), (void)consumer(r).pop_unless(out, stop);
        });
    operation(
        "`pop_n(span)`, `pop_n_unless`", [](auto& r) requires requires { consumer(r).pop_n(std::span<int>()); } {
            (void)consumer(r).pop_n(std::span<int>()), (void)consumer(r).pop_n_unless(std::span<int>(), stop);
        });
    operation(
        "`consume_one(f)`, `consume_one_for`", [](auto& r) requires requires { consumer(r).consume_one(visit); } {
            (void)consumer(r).consume_one(visit), (void)consumer(r).consume_one_for(visit, soon);
        });
    operation(
        "`consume_one_unless(f, stop)`", [](auto& r) requires requires {
            consumer(r).consume_one_unless(visit, stop);
        } { (void)consumer(r).consume_one_unless(visit, stop); });
    operation(
        "`consume_some(f)`, `_for`, `_unless`", [](auto& r) requires requires { consumer(r).consume_some(visit); } {
            (void)consumer(r).consume_some(visit), (void)consumer(r).consume_some_for(visit, soon),
                (void)consumer(r).consume_some_unless(visit, stop);
        });
    operation(
        "`wait_for_items(n)`",
        [](auto& r) requires requires { consumer(r).wait_for_items(1); } { (void)consumer(r).wait_for_items(1); });

    group("Several rings, and coroutines");
    operation("`select`, `async_select`: an end with items", waits_with_others{}, [](auto& r) {
        if constexpr (requires { r.join(); }) {
            (void)weir::try_select(consumer(r)), (void)weir::async_select(consumer(r));
        } else {
            (void)weir::try_select(weir::items_of(r)), (void)weir::async_select(weir::items_of(r));
        }
    });
    operation("`select`, `async_select` (not of `broadcast`): an end with room", waits_with_others{}, [](auto& r) {
        if constexpr (requires { r.max_message(); }) {
            (void)weir::try_select(weir::room_in(r, 8)), (void)weir::async_select(weir::room_in(r, 8));
        } else if constexpr (requires { r.join(); }) {
            (void)weir::try_select(weir::room_in(r));  // for threads alone
        } else {
            (void)weir::try_select(weir::room_in(r)), (void)weir::async_select(weir::room_in(r));
        }
    });
    operation("`async_pop(ring)`, `async_push(ring, x)`", awaits{}, [](auto& r) {
        int out = 0;
        (void)weir::async_pop(r), (void)weir::async_pop(r, out), (void)weir::async_push(r, 1);
    });

    group("Any thread");
    operation(
        "`close()`, `is_closed()`", [](auto& r) requires requires { r.close(); } { r.close(), (void)r.is_closed(); });
    operation(
        "`capacity()`", [](auto& r) requires requires { r.capacity(); } { (void)r.capacity(); });
    operation(
        "`size_approx()`, `credits()`",
        [](auto& r) requires requires { r.size_approx(); } { (void)r.size_approx(), (void)r.credits(); });
    operation(
        "`wake_all()`", [](auto& r) requires requires { r.wake_all(); } { r.wake_all(); });
    operation(
        "`join()`, `readers()`, `slowest()`",
        [](auto& r) requires requires { r.join(); } { (void)r.join(), (void)r.readers(), (void)r.slowest(); });
    operation(
        "`gap()`", [](auto& r) requires requires { consumer(r).gap(); } { (void)consumer(r).gap(); });
    operation(
        "`account()`: every item, by what became of it",
        [](auto& r) requires requires { r.account(); } { (void)r.account(); });
    operation(
        "`memory()`", [](auto& r) requires requires { r.memory(); } { (void)r.memory(); });

    group("Memory, in bytes");
    row("the object, on this machine", []<class R>(const column<R>&) { return std::to_string(sizeof(R)); });
    row("slots for 1000 items of 4 bytes, or 1024 bytes of messages", []<class R>(const column<R>&) -> std::string {
        if constexpr (requires { typename R::pieces; }) {
            return std::to_string(R::bytes_for(1024));
        } else if constexpr (requires { R::bytes_for(1000); }) {
            return std::to_string(R::bytes_for(1000));
        } else {
            return "";
        }
    });
}
