// SPDX-License-Identifier: MIT
//
// What an operation touches: read-modify-writes, stores and cache lines, counted exactly. These say how cost grows
// where this machine cannot show it; bench/LAB.md builds on the figures that are asserted here.
#define WEIR_ATOMIC_HEADER "test/support/counted_atomic.hpp"
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
using spsc = weir::spsc_ring<T, Wait, weir::stats::off, weir::storage::fixed<capacity>>;
template <class T, class Wait = weir::wait::park>
using mpmc = weir::mpmc_ring<T, Wait, weir::stats::off, weir::storage::fixed<capacity>>;
template <class T, class Wait = weir::wait::park>
using strict = weir::strict_mpmc_ring<T, Wait, weir::stats::off, weir::storage::fixed<capacity>>;

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
    // Lines that are read and that nobody writes while items flow:
    std::size_t lines_at_rest;

    bool operator==(const cost&) const = default;
    friend std::ostream& operator<<(std::ostream& out, const cost& c) {
        return out << c.read_modify_writes << " read-modify-writes, " << c.stores << " stores, " << c.lines_written
                   << " shared lines written, " << c.lines_read << " only read, " << c.lines_at_rest << " at rest";
    }
};

std::size_t count(const trace& t, memory_access::kind_type kind) {
    return static_cast<std::size_t>(
        std::count_if(t.begin(), t.end(), [&](const memory_access& a) { return a.kind == kind; }));
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
        cost c{count(t, memory_access::read_modify_write), count(t, memory_access::store), 0, 0, 0};
        const line_set written = lines(t, true);
        for (const std::uintptr_t line : lines(t, false)) {
            if (written.contains(line)) {
                c.lines_written += many || theirs.touched.contains(line) ? 1 : 0;
            } else if (theirs.written.contains(line) || (many && mine.written.contains(line))) {
                ++c.lines_read;
            } else {
                c.lines_at_rest += mine.written.contains(line) ? 0 : 1;
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

// At rest are where the other side would wait and, where a lone producer or strict_mpmc_ring looks, whether the ring is
// closed. A look would note what it found, on its own line, if another thread had made it.
TEST_F(operation_cost, of_spsc_is_two_stores_and_no_read_modify_write) {
    laps<spsc<word>>().expect({0, 2, 2, 0, 2}, {0, 2, 2, 1, 2}, {0, 2, 1, 1, 1}, {0, 2, 1, 2, 1});
}

TEST_F(operation_cost, of_mpmc_is_one_read_modify_write) {
    laps<mpmc<word>>().expect({1, 1, 2, 0, 1}, {1, 2, 2, 1, 1}, {1, 1, 2, 0, 1}, {1, 2, 2, 1, 1});
}

// With this in it, no place of strict_mpmc_ring lies across two lines, as one of four does with a word.
using half_a_line = weir_test::recorded<16>;

TEST_F(operation_cost, of_strict_is_two_read_modify_writes_for_a_push_and_one_for_a_pop) {
    laps<strict<half_a_line>>().expect({2, 1, 2, 0, 2}, {2, 2, 2, 1, 2}, {1, 1, 2, 0, 1}, {1, 2, 2, 1, 1});
}

// ---- batches, refusals, fences -------------------------------------------------------------------------------

constexpr std::size_t batch = 16;

struct atomics {
    std::size_t read_modify_writes;
    std::size_t stores;

    bool operator==(const atomics&) const = default;
    friend std::ostream& operator<<(std::ostream& out, const atomics& a) {
        return out << a.read_modify_writes << " read-modify-writes, " << a.stores << " stores";
    }
};

atomics atomics_in(const trace& t) {
    return {count(t, memory_access::read_modify_write), count(t, memory_access::store)};
}

/// A ring whose cursors have moved, with a batch in it, and both sides aware of more than a batch.
template <class Ring>
std::unique_ptr<Ring> with_a_batch() {
    auto ring = std::make_unique<Ring>();
    const std::vector<word> items(batch);
    std::vector<word> out(batch);
    EXPECT_EQ(ring->try_push_n(items), batch);
    EXPECT_EQ(ring->try_push_n(items), batch);
    EXPECT_EQ(ring->try_pop_n(out), batch);
    return ring;
}

template <class Ring>
void expect_of_a_batch(const atomics& push, const atomics& pop, const atomics& consume) {
    const std::vector<word> items(batch);
    std::vector<word> out(batch);
    auto ring = with_a_batch<Ring>();
    EXPECT_EQ(atomics_in(accesses(*ring, [&] { EXPECT_EQ(ring->try_push_n(items), batch); })), push) << "try_push_n";
    EXPECT_EQ(atomics_in(accesses(*ring, [&] { EXPECT_EQ(ring->try_pop_n(out), batch); })), pop) << "try_pop_n";
    ring = with_a_batch<Ring>();
    const auto visit = [](word&) noexcept {};
    EXPECT_EQ(atomics_in(accesses(*ring, [&] { EXPECT_EQ(ring->consume(visit), batch); })), consume) << "consume";
}

TEST_F(operation_cost, of_a_batch_is_one_claim) {
    // One publication, too, where slots have no numbers.
    expect_of_a_batch<spsc<word>>({0, 2}, {0, 2}, {0, 2});
    expect_of_a_batch<mpmc<word>>({1, batch}, {1, batch}, {1, batch});
}

TEST_F(operation_cost, of_a_batch_on_strict_is_that_of_its_items) {
    expect_of_a_batch<strict<word>>({2 * batch, batch}, {batch, batch}, {batch, batch});
}

template <class Ring>
void expect_refusals_without_claims() {
    const auto ring = std::make_unique<Ring>();
    word out;
    EXPECT_EQ(ring->try_pop(out), status::empty);
    const trace empty = accesses(*ring, [&] { EXPECT_EQ(ring->try_pop(out), status::empty); });
    EXPECT_EQ(count(empty, memory_access::read_modify_write), 0U);
    while (ring->try_push(out)) {
    }
    const trace full = accesses(*ring, [&] { EXPECT_EQ(ring->try_push(out), status::full); });
    EXPECT_EQ(count(full, memory_access::read_modify_write), 0U);
}

TEST_F(operation_cost, of_a_refusal_is_no_read_modify_write) {
    expect_refusals_without_claims<spsc<word>>();
    expect_refusals_without_claims<mpmc<word>>();
    expect_refusals_without_claims<strict<word>>();
}

template <class Ring>
void expect_read_modify_writes(std::size_t push, std::size_t pop) {
    steady_state<Ring> state;
    EXPECT_EQ(count(state.push(), memory_access::read_modify_write), push) << "push";
    EXPECT_EQ(count(state.pop(), memory_access::read_modify_write), pop) << "pop";
}

// A fence of one's own is a read-modify-write for the wake-up, and, on a lone producer's side, one for closing.
TEST(operation_cost_without_membarrier, is_one_or_two_read_modify_writes_more) {
    using properly = weir::wait::parking<weir::fence::seq_cst>;
    expect_read_modify_writes<spsc<word, properly>>(0 + 2, 0 + 1);
    expect_read_modify_writes<mpmc<word, properly>>(1 + 1, 1 + 1);
    expect_read_modify_writes<strict<word, properly>>(2 + 1, 1 + 1);
}

// ---- line transfers ------------------------------------------------------------------------------------------

/// Which cores have which line, as a protocol of the MESI family keeps count of it. A core that reads a line it does
/// not have waits for a transfer, and so does one that writes a line which others have, too.
class coherence {
public:
    /// How many transfers these accesses of a core wait for.
    std::size_t run(int core, const trace& accesses) {
        std::size_t transfers = 0;
        for (const memory_access& a : accesses) {
            std::set<int>& owners = owners_[line_of(a)];
            const bool has = owners.contains(core);
            if (has && (!a.writes() || owners.size() == 1)) continue;
            transfers += owners.empty() ? 0 : 1;
            if (a.writes()) owners.clear();
            owners.insert(core);
        }
        return transfers;
    }

private:
    std::map<std::uintptr_t, std::set<int>> owners_;
};

struct transfers {
    std::size_t push;
    std::size_t pop;

    bool operator==(const transfers&) const = default;
    friend std::ostream& operator<<(std::ostream& out, const transfers& t) {
        return out << t.push << " for pushes, " << t.pop << " for pops";
    }
};

/// Transfers for each `capacity` items, pushed and popped in turn by so many cores, one item each.
template <class Ring>
transfers transfers_per_lap(int producers, int consumers) {
    const laps<Ring> all;
    coherence lines;
    const auto one_run = [&] {
        transfers sum{0, 0};
        for (std::size_t i = 0; i < all.operations; ++i) {
            const int turn = static_cast<int>(i);
            sum.push += lines.run(turn % producers, all.pushes()[i]);
            sum.pop += lines.run(producers + turn % consumers, all.pops()[i]);
        }
        return sum;
    };
    one_run();  // until every line is where it belongs
    const transfers sum = one_run();
    EXPECT_EQ(sum.push * capacity % all.operations, 0U);
    return {sum.push * capacity / all.operations, sum.pop * capacity / all.operations};
}

// Slots of 8 bytes are 8 to a line, with a counter 4, and those of strict_mpmc_ring are 24 bytes: 8, 16 and 24 lines
// for a lap. In two looks a lap each side reads the other's line, and gets its own back after the other's
// looks.
constexpr std::size_t for_looks = 2 + 2;

TEST_F(operation_cost, in_transfers_between_two_cores_is_that_of_the_slots_lines) {
    EXPECT_EQ((transfers_per_lap<spsc<word>>(1, 1)), (transfers{8 + for_looks, 8 + for_looks}));
    // Who reads a line, then writes to it, waits twice.
    EXPECT_EQ((transfers_per_lap<mpmc<word>>(1, 1)), (transfers{2 * 16 + for_looks, 2 * 16 + for_looks}));
    EXPECT_EQ((transfers_per_lap<strict<word>>(1, 1)), (transfers{24 + for_looks, 2 * 24 + for_looks}));
}

// Turns keep this from being the rule (turns.hpp): here one thread plays all cores, so that nobody waits for a turn.
TEST_F(operation_cost, in_transfers_is_two_for_the_cursor_when_each_claim_meets_another_core) {
    constexpr std::size_t cursor = 2 * capacity;  // read, then written
    constexpr std::size_t slot = capacity;        // neighbours on a line do not help, either
    constexpr std::size_t looks = 2;              // one's own line is lost anyway
    for (const int cores : {2, 4, 16}) {
        SCOPED_TRACE(cores);
        EXPECT_EQ((transfers_per_lap<mpmc<word>>(cores, cores)),
                  (transfers{cursor + 2 * slot + looks, cursor + 2 * slot + looks}));
        EXPECT_EQ((transfers_per_lap<strict<half_a_line>>(cores, cores)),
                  (transfers{cursor + slot + looks, cursor + 2 * slot + looks}));
    }
}

}  // namespace
