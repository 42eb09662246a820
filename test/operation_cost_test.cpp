// SPDX-License-Identifier: MIT
//
// What an operation touches: read-modify-writes, stores and cache lines, counted exactly. These say how cost grows where
// this machine cannot show it; BENCHMARKS.md builds on the figures that are asserted here.
#define WEIR_ATOMIC_HEADER "counted_atomic.hpp"
#define WEIR_CHECK_ROLES 0  // what is counted is a release build's operation

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <ostream>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "weir/ring.hpp"

namespace {

using namespace weir_test;
using weir::status;

constexpr std::size_t capacity = 64;
constexpr std::uint64_t half = capacity / 2;
using word = recorded<8>;

// The slots are inside the ring, so that a line is the ring's if it is within the object.
template <class T, class Wait = weir::wait::park>
using spsc = weir::spsc_ring<T, Wait, weir::storage::fixed<capacity>>;
template <class T, class Wait = weir::wait::park>
using mpsc = weir::mpsc_ring<T, Wait, weir::storage::fixed<capacity>>;
template <class T, class Wait = weir::wait::park>
using spmc = weir::spmc_ring<T, Wait, weir::storage::fixed<capacity>>;
template <class T, class Wait = weir::wait::park>
using mpmc = weir::mpmc_ring<T, Wait, weir::storage::fixed<capacity>>;
template <class T, class Wait = weir::wait::park>
using strict = weir::strict_mpmc_ring<T, Wait, weir::storage::fixed<capacity>>;

using trace = std::vector<memory_access>;
using line_set = std::set<std::uintptr_t>;

std::uintptr_t line_of(const memory_access& a) { return a.address / weir::detail::cache_line_bytes; }

/// What `operation` accesses of `ring`.
template <class Ring, class F>
trace accesses(const Ring& ring, F operation) {
    trace all;
    all.reserve(4096);
    recording = &all;
    operation();
    recording = nullptr;
    const auto first = reinterpret_cast<std::uintptr_t>(&ring);
    std::erase_if(all, [&](const memory_access& a) { return a.address < first || a.address >= first + sizeof ring; });
    return all;
}

line_set lines(const trace& t, bool written) {
    line_set all;
    for (const memory_access& a : t) {
        if (!written || a.writes()) all.insert(line_of(a));
    }
    return all;
}

struct cost {
    std::size_t read_modify_writes;
    std::size_t stores;  // of atomics
    // Lines of which other threads write or read something:
    std::size_t lines_written;
    std::size_t lines_read;  // and not written

    bool operator==(const cost&) const = default;
    friend std::ostream& operator<<(std::ostream& out, const cost& c) {
        return out << c.read_modify_writes << " read-modify-writes, " << c.stores << " stores, " << c.lines_written
                   << " shared lines written, " << c.lines_read << " only read";
    }
};

std::size_t count(const trace& t, memory_access::kind_type kind) {
    return static_cast<std::size_t>(std::count_if(t.begin(), t.end(), [&](const memory_access& a) { return a.kind == kind; }));
}

/// Pushes and pops in turn, in a ring that stays half full, all by one thread: uncontended.
template <class Ring>
struct steady_state {
    using T = typename Ring::value_type;

    steady_state() {
        for (std::uint64_t i = 0; i < half; ++i) EXPECT_TRUE(ring->try_push(T(i)));
        for (std::size_t i = 0; i < 4 * capacity; ++i) {  // past all first times
            push();
            pop();
        }
    }

    trace push() {
        const T item(0);
        return accesses(*ring, [&] { EXPECT_TRUE(ring->try_push(item)); });
    }
    trace pop() {
        T out(0);
        return accesses(*ring, [&] { EXPECT_TRUE(ring->try_pop(out)); });
    }

    const std::unique_ptr<Ring> ring = std::make_unique<Ring>();
};

/// The traces of a few laps, and who touches what in them.
template <class Ring>
class laps {
public:
    static constexpr std::size_t operations = 8 * capacity;

    laps() {
        steady_state<Ring> state;
        for (std::size_t i = 0; i < operations; ++i) {
            pushes_.push_back(state.push());
            pops_.push_back(state.pop());
        }
        pushers_ = summary(pushes_);
        poppers_ = summary(pops_);
    }

    // Most operations do the same; those that look at the other side do more.
    void expect(const cost& push, const cost& push_that_looks, const cost& pop, const cost& pop_that_looks) const {
        expect_side("push", pushes_, pushers_, poppers_, Ring::has_many_producers, push, push_that_looks);
        expect_side("pop", pops_, poppers_, pushers_, Ring::has_many_consumers, pop, pop_that_looks);
    }

    const std::vector<trace>& pushes() const { return pushes_; }
    const std::vector<trace>& pops() const { return pops_; }

private:
    struct touched_lines {
        line_set touched;
        line_set written;
    };

    static touched_lines summary(const std::vector<trace>& traces) {
        touched_lines all;
        for (const trace& t : traces) {
            all.touched.merge(lines(t, false));
            all.written.merge(lines(t, true));
        }
        return all;
    }

    // `many`: other threads are on this side, too, and touch what it touches.
    static cost cost_of(const trace& t, const touched_lines& mine, const touched_lines& theirs, bool many) {
        cost c{count(t, memory_access::read_modify_write), count(t, memory_access::store), 0, 0};
        const line_set written = lines(t, true);
        for (const std::uintptr_t line : lines(t, false)) {
            if (written.contains(line)) {
                c.lines_written += many || theirs.touched.contains(line) ? 1 : 0;
            } else {
                c.lines_read += theirs.written.contains(line) || (many && mine.written.contains(line)) ? 1 : 0;
            }
        }
        return c;
    }

    static void expect_side(const char* what, const std::vector<trace>& traces, const touched_lines& mine,
                            const touched_lines& theirs, bool many, const cost& usual, const cost& looking) {
        const auto fewest = [](const trace& a, const trace& b) { return a.size() < b.size(); };
        const std::size_t least = std::min_element(traces.begin(), traces.end(), fewest)->size();
        std::size_t looks = 0;
        for (std::size_t i = 0; i < traces.size(); ++i) {
            const bool looks_here = traces[i].size() > least;
            looks += looks_here ? 1 : 0;
            EXPECT_EQ(cost_of(traces[i], mine, theirs, many), looks_here ? looking : usual)
                << what << " number " << i << (looks_here ? ", which looks" : "");
        }
        EXPECT_EQ(looks, traces.size() / half) << "in a ring that is half full a look brings half the capacity";
    }

    std::vector<trace> pushes_;
    std::vector<trace> pops_;
    touched_lines pushers_;
    touched_lines poppers_;
};

// Where there is no asymmetric fence, as under ThreadSanitizer, each operation pays for its own.
bool pays_for_its_fences() { return !weir::detail::has_heavy_fence(); }

class operation_cost : public testing::Test {
protected:
    void SetUp() override {
        if (pays_for_its_fences()) GTEST_SKIP() << "there is no membarrier here; see operation_cost_without_membarrier";
    }
};

TEST_F(operation_cost, of_spsc_is_two_stores_and_no_read_modify_write) {
    laps<spsc<word>>().expect({0, 2, 2, 0}, {0, 2, 2, 1}, {0, 2, 1, 1}, {0, 2, 1, 2});
}

TEST_F(operation_cost, of_mpsc_is_one_read_modify_write_for_a_push_and_none_for_a_pop) {
    laps<mpsc<word>>().expect({1, 1, 2, 0}, {1, 2, 2, 1}, {0, 1, 1, 1}, {0, 1, 1, 2});
}

TEST_F(operation_cost, of_spmc_is_none_for_a_push_and_one_read_modify_write_for_a_pop) {
    laps<spmc<word>>().expect({0, 2, 2, 0}, {0, 2, 2, 1}, {1, 1, 2, 0}, {1, 2, 2, 1});
}

TEST_F(operation_cost, of_mpmc_is_one_read_modify_write) {
    laps<mpmc<word>>().expect({1, 1, 2, 0}, {1, 2, 2, 1}, {1, 1, 2, 0}, {1, 2, 2, 1});
}

TEST_F(operation_cost, of_strict_is_two_read_modify_writes_for_a_push_and_one_for_a_pop) {
    laps<strict<word>>().expect({2, 1, 2, 0}, {2, 2, 2, 1}, {1, 1, 2, 0}, {1, 2, 2, 1});
}

}  // namespace
