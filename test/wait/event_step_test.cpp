// SPDX-License-Identifier: MIT
//
// The promise of wait::event at every step: an operation is interrupted before each of its atomic steps, and there the
// other side does something. Whatever that was, once both are done: an item is left, so items_fd() is readable; room is
// left, so space_fd() is readable.
#define WEIR_ATOMIC_HEADER "test/support/wait_hooked_atomic.hpp"

#include <gtest/gtest.h>
#include <poll.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "test/support/every_ring.hpp"
#include "test/support/wait_support.hpp"

namespace {

using weir::status;

bool readable(int fd) {
    pollfd entry{.fd = fd, .events = POLLIN, .revents = 0};
    return ::poll(&entry, 1, 0) == 1;
}

template <class Ring>
struct named_act {
    const char* name;
    void (*act)(Ring&);
};

constexpr weir::wait::detail::steady_time long_past{};

// Says stop when it is asked for the third time: at the last look before a sleep.
auto stop_before_sleep() {
    return [asked = 0]() mutable noexcept { return ++asked > 2; };
}

/// All that consumers do. What waits has no time to, so that it goes as far as the sleep, and no further.
template <class Ring>
std::vector<named_act<Ring>> consumer_acts() {
    std::vector<named_act<Ring>> acts{
        {"try_pop", [](Ring& r) { (void)r.try_pop(); }},
        {"try_pop_n",
         [](Ring& r) {
             std::array<int, 2> out{};
             (void)r.try_pop_n(out);
         }},
        {"try_consume_one", [](Ring& r) { (void)r.try_consume_one([](int&) noexcept {}); }},
        {"consume", [](Ring& r) { (void)r.consume([](int&) noexcept {}); }},
        {"consume one by one", [](Ring& r) { (void)r.consume([](int&) {}, 2); }},
        {"pop_until",
         [](Ring& r) {
             int out = 0;
             (void)r.pop_until(out, long_past);
         }},
        {"pop_unless",
         [](Ring& r) {
             int out = 0;
             (void)r.pop_unless(out, stop_before_sleep());
         }},
        {"consume_one_until", [](Ring& r) { (void)r.consume_one_until([](int&) noexcept {}, long_past); }},
        {"drain",
         [](Ring& r) {
             while (r.try_pop()) continue;
         }},
    };
    if constexpr (Ring::has_contiguous_slots) {
        acts.push_back({"try_peek", [](Ring& r) {
                            auto items = r.try_peek(2);
                            if (!items.empty()) items.release(1);
                        }});
    }
    if constexpr (Ring::has_credit_on_request) {
        acts.push_back({"request", [](Ring& r) { r.request(1); }});
    }
    return acts;
}

/// All that producers do.
template <class Ring>
std::vector<named_act<Ring>> producer_acts() {
    std::vector<named_act<Ring>> acts{
        {"try_push", [](Ring& r) { (void)r.try_push(1); }},
        {"try_push_n",
         [](Ring& r) {
             (void)r.try_push_n(std::array{1, 2});
         }},
        {"push_until", [](Ring& r) { (void)r.push_until(1, long_past); }},
        {"push_unless", [](Ring& r) { (void)r.push_unless(1, stop_before_sleep()); }},
        {"fill",
         [](Ring& r) {
             while (r.try_push(1)) continue;
         }},
    };
    if constexpr (Ring::has_contiguous_slots) {
        acts.push_back({"try_reserve", [](Ring& r) {
                            auto slots = r.try_reserve(2);
                            if (slots.empty()) return;
                            (void)slots.emplace(1);
                            slots.commit(1);
                        }});
    }
    return acts;
}

/// What a ring is like before the operation.
struct opening {
    std::size_t capacity;
    std::size_t items;
    std::size_t credit;  // on request: how much is left when these items are in
    bool told;           // both sides were told that there is nothing, if so it was

    std::string text() const {
        return "capacity " + std::to_string(capacity) + ", " + std::to_string(items) + " items, credit " +
               std::to_string(credit) + (told ? ", told so" : "");
    }
};

template <class Ring>
void prepare(Ring& ring, const opening& o) {
    if constexpr (Ring::has_credit_on_request) {
        if (o.items + o.credit > 0) ring.request(o.items + o.credit);
    }
    for (std::size_t i = 0; i < o.items; ++i) ASSERT_TRUE(ring.try_push(1));
    if (!o.told) return;
    if (o.items == 0) {
        ASSERT_EQ(ring.try_pop(), std::nullopt);
    }
    if (ring.credits() == 0) {
        ASSERT_FALSE(ring.try_push(1));
    }
}

template <class Ring>
void expect_descriptors_that_tell_the_truth(Ring& ring) {
    const bool closed = ring.is_closed();
    const std::size_t items = ring.size_approx();
    EXPECT_TRUE((items == 0 && !closed) || readable(ring.items_fd())) << items << " items are left";
    EXPECT_TRUE((ring.credits() == 0 && !closed) || readable(ring.space_fd())) << "room is left";
    if (closed) return;
    while (ring.try_push(1)) continue;
    EXPECT_FALSE(readable(ring.space_fd())) << "a push was refused";
    while (ring.try_pop()) continue;
    EXPECT_FALSE(readable(ring.items_fd())) << "a pop said empty";
    EXPECT_EQ(ring.credits() > 0, readable(ring.space_fd())) << "after the pops";
}

/// Interrupts `operation` before each of its steps by `act`, from each opening.
template <class Ring>
void interrupt(const named_act<Ring>& operation, const named_act<Ring>& act, const opening& o) {
    for (int step = 1;; ++step) {
        ASSERT_LE(step, 200) << "an operation of more steps than were tried";
        Ring ring(o.capacity, {std::uint64_t{0} - 1});
        prepare(ring, o);
        struct context {
            Ring& ring;
            const named_act<Ring>& act;
        } both{ring, act};
        weir_test::this_thread_hook = {step,
                                       [](void* p) {
                                           auto* const c = static_cast<context*>(p);
                                           c->act.act(c->ring);
                                       },
                                       &both};
        operation.act(ring);
        const bool over = weir_test::this_thread_hook.countdown > 0;
        weir_test::this_thread_hook = {};
        expect_descriptors_that_tell_the_truth(ring);
        ASSERT_FALSE(testing::Test::HasFailure())
            << operation.name << ", and before its step " << step << ": " << act.name << "; " << o.text();
        if (over) return;
    }
}

template <class Ring>
void interrupt_all(const std::vector<named_act<Ring>>& operations, const std::vector<named_act<Ring>>& acts) {
    for (const std::size_t capacity : {1U, 2U}) {
        for (std::size_t items = 0; items <= capacity; ++items) {
            for (std::size_t credit = 0; credit <= capacity - items; ++credit) {
                if (!Ring::has_credit_on_request && items + credit < capacity) continue;
                for (const bool told : {false, true}) {
                    if (told && items > 0 && credit > 0) continue;  // neither is short of anything
                    for (const auto& operation : operations) {
                        for (const auto& act : acts) {
                            interrupt(operation, act, {capacity, items, credit, told});
                            if (testing::Test::HasFailure()) return;
                        }
                    }
                }
            }
        }
    }
}

template <class Ring>
class event_steps : public testing::Test {};

using event = weir::wait::event;
using event_seq_cst = weir_test::eventing_seq_cst;
using rings =
    testing::Types<weir::spsc_ring<int, event>, weir::spsc_ring<int, event_seq_cst>, weir::mpmc_ring<int, event>,
                   weir::strict_mpmc_ring<int, event>, weir::pull::spsc_ring<int, event>,
                   weir::pull::mpmc_ring<int, event>, weir::pull::strict_mpmc_ring<int, event>>;
TYPED_TEST_SUITE(event_steps, rings);

// What goes on meanwhile: single items, all at once, and one who gives up on its way to sleep.
template <class Ring>
std::vector<named_act<Ring>> some_of(const std::vector<named_act<Ring>>& acts) {
    std::vector<named_act<Ring>> some;
    for (const auto& act : acts) {
        for (const std::string_view name :
             {"try_push", "push_unless", "fill", "try_pop", "pop_unless", "drain", "request"}) {
            if (act.name == name) some.push_back(act);
        }
    }
    some.push_back({"close", [](Ring& r) { r.close(); }});
    return some;
}

TYPED_TEST(event_steps, of_a_consumer_leave_both_descriptors_true_whatever_a_producer_does) {
    interrupt_all(consumer_acts<TypeParam>(), some_of(producer_acts<TypeParam>()));
}

TYPED_TEST(event_steps, of_a_producer_leave_both_descriptors_true_whatever_a_consumer_does) {
    interrupt_all(producer_acts<TypeParam>(), some_of(consumer_acts<TypeParam>()));
}

TYPED_TEST(event_steps, of_one_of_many_leave_both_descriptors_true_whatever_another_one_does) {
    if constexpr (TypeParam::has_many_consumers) {
        interrupt_all(consumer_acts<TypeParam>(), some_of(consumer_acts<TypeParam>()));
        interrupt_all(producer_acts<TypeParam>(), some_of(producer_acts<TypeParam>()));
    }
}

// What tries and finds nothing makes its descriptor unreadable, each operation by itself; and the next item, or room, makes
// it readable again.
TYPED_TEST(event_steps, that_find_nothing_make_the_descriptor_unreadable_until_something_comes) {
    const auto is_try = [](const named_act<TypeParam>& act) {
        const std::string_view name = act.name;
        return name.starts_with("try_") || name.starts_with("consume") || name == "drain" || name == "fill";
    };
    const auto prepared = [](auto test) {
        TypeParam ring(2);
        if constexpr (TypeParam::has_credit_on_request) ring.request(4);
        ASSERT_TRUE(ring.try_push(1) && ring.try_push(1));
        test(ring);
    };
    for (const auto& push : producer_acts<TypeParam>()) {
        if (!is_try(push)) continue;
        SCOPED_TRACE(push.name);
        prepared([&](TypeParam& ring) {
            push.act(ring);
            EXPECT_FALSE(readable(ring.space_fd())) << "it was full";
            EXPECT_TRUE(readable(ring.items_fd()));
            EXPECT_TRUE(ring.try_pop());
            EXPECT_TRUE(readable(ring.space_fd()));
            push.act(ring);
            ASSERT_TRUE(ring.try_push(1) || ring.size_approx() == 2);
            push.act(ring);
            EXPECT_FALSE(readable(ring.space_fd())) << "it was full again";
        });
    }
    for (const auto& pop : consumer_acts<TypeParam>()) {
        if (!is_try(pop) || std::string_view(pop.name) == "consume_one_until") continue;
        SCOPED_TRACE(pop.name);
        prepared([&](TypeParam& ring) {
            while (ring.size_approx() > 0) pop.act(ring);
            pop.act(ring);
            EXPECT_FALSE(readable(ring.items_fd())) << "it was empty";
            EXPECT_TRUE(readable(ring.space_fd()));
            EXPECT_TRUE(ring.try_push(1));
            EXPECT_TRUE(readable(ring.items_fd()));
            while (ring.size_approx() > 0) pop.act(ring);
            pop.act(ring);
            EXPECT_FALSE(readable(ring.items_fd())) << "it was empty again";
        });
    }
}

#if defined(__cpp_exceptions)
/// Throws whenever it is copied, or moved to another one; to move it out of a ring into a new one never throws.
struct touchy {
    touchy(int) noexcept {}  // not explicit: the acts above push numbers
    touchy(const touchy&) { throw std::runtime_error("as told"); }
    touchy(touchy&&) noexcept = default;
    touchy& operator=(touchy&&) { throw std::runtime_error("as told"); }
};

template <class Act>
void ignore_exceptions(Act act) {
    try {
        act();
    } catch (const std::runtime_error&) {
    }
}

template <class Ring>
class event_steps_throwing : public testing::Test {};
using throwing_rings = testing::Types<weir::spsc_ring<touchy, event>, weir::spsc_ring<touchy, event_seq_cst>,
                                      weir::mpmc_ring<touchy, event>, weir::strict_mpmc_ring<touchy, event>,
                                      weir::pull::spsc_ring<touchy, event>, weir::pull::mpmc_ring<touchy, event>>;
TYPED_TEST_SUITE(event_steps_throwing, throwing_rings);

// What threw stays where it was, and so does the promise: an item that was not popped, room that was not used.
TYPED_TEST(event_steps_throwing, leave_both_descriptors_true) {
    const std::vector<named_act<TypeParam>> pushes{{"try_push", [](TypeParam& r) { (void)r.try_emplace(1); }},
                                                   {"fill", [](TypeParam& r) {
                                                        while (r.try_emplace(1)) continue;
                                                    }}};
    std::vector<named_act<TypeParam>> pops{{"try_pop", [](TypeParam& r) { (void)r.try_pop(); }},
                                           {"drain", [](TypeParam& r) {
                                                while (r.try_pop()) continue;
                                            }}};
    if constexpr (TypeParam::has_credit_on_request) pops.push_back({"request", [](TypeParam& r) { r.request(1); }});
    interrupt_all<TypeParam>({{"push_until",
                               [](TypeParam& r) {
                                   const touchy item(1);
                                   ignore_exceptions([&] { (void)r.push_until(item, long_past); });
                               }}},
                             pops);
    if constexpr (!TypeParam::has_many_consumers) {
        interrupt_all<TypeParam>(
            {{"pop_until",
              [](TypeParam& r) {
                  touchy out(0);
                  ignore_exceptions([&] { (void)r.pop_until(out, long_past); });
              }},
             {"consume",
              [](TypeParam& r) {
                  ignore_exceptions([&] { r.consume([](touchy&) { throw std::runtime_error(""); }); });
              }}},
            pushes);
    }
}
#endif

}  // namespace
