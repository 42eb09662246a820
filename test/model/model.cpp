// SPDX-License-Identifier: MIT
//
// The model checker: relacy (https://github.com/dvyukov/relacy), with what it lacks.
//
// Relacy runs the threads of a scenario as fibers of one, switches between them before each operation on a shared
// variable, and lets a load return any of the last stores that C++ allows (two back at most, one back in the exhaustive
// search). Where the two differ, this file keeps to what allows MORE than relacy alone, so that nothing is proved by it
// that the language or the hardware does not give:
//
// - Release sequences are those of C++20: a later store by the same thread is none.
// - A compare-exchange that fails may have read an old value.
// - Sleep and wake-up order no memory, whatever a kernel does in fact, and a thread that was woken may still read what
//   it could read before.
//
// Asymmetric fences: the heavy fence of thread C is, for each other thread T, one moment t(T) between its begin and its
// end, in any order and with anything in between.
//   - What T did before its last light fence before t(T) is visible to C when the heavy fence returns.
//   - What C did before the heavy fence is visible to T after its first light fence after t(T).
// That is less than what membarrier(2) gives: there T executes a full barrier at t(T), wherever it is, while here a
// thread without light fences gets no order at all. A real barrier at t(T) comes after all that stands before the light
// fence before, which the compiler must not delay past it, and before all that stands after the next; so each order
// claimed here is one that the barrier makes. Light fences make no order with each other. The calling thread's own full
// barriers, with which membarrier begins and ends, count here as light fences of its own, towards other heavy ones.
//
// Not modelled: that a load be delayed past a later store of another variable ("load buffering"), and failing hardware.
#include "model.hpp"

#include <algorithm>
#include <charconv>
#include <concepts>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <sstream>
#include <string>

#include <poll.h>

#include "search.hpp"

// Relacy's own generator repeats its low bits, so that a loop may be told the same for long. This is splitmix64 (Steele, Lea,
// Flood 2014).
#define RL_RANDOM_HPP
namespace rl {
struct random_generator {
    std::uint64_t state = 0;
    void seed(std::uint64_t number) { state = number * 0xd1342543de82ef95; }
    unsigned rand() {
        std::uint64_t z = state += 0x9e3779b97f4a7c15;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
        z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
        return static_cast<unsigned>(z >> 33);
    }
};
}  // namespace rl

#define RL_DO_ASSERT 1
#include <relacy/relacy.hpp>
// Relacy's macros have names that others use too.
#undef $
#undef new
#undef delete
#undef malloc
#undef calloc
#undef realloc
#undef free
#undef assert
#undef errno

// Relacy replaces operator new, and of the operators delete the one that compilers no longer call.
void operator delete(void* p, std::size_t) noexcept { ::operator delete(p); }

namespace {

// They are inline, so a compiler may leave out those that this file does not call; the scenarios call them.
using new_type = void* (*)(std::size_t);
using delete_type = void (*)(void*);
[[gnu::used]] const new_type kept_news[] = {&::operator new, &::operator new[] };
[[gnu::used]] const delete_type kept_deletes[] = {&::operator delete, &::operator delete[] };

}  // namespace

namespace model {
namespace {

constexpr std::size_t most_cells = 128;

using knowledge = std::array<rl::timestamp_t, most_threads>;  // how much of each thread's past is visible

struct cell {
    const void* address;
    rl::var_data* data;
    bool alive;
};

/// Of the schedule that is being played. Nothing in here is allocated: relacy counts allocations of the program.
struct {
    std::array<knowledge, most_threads> announced{};  // what a thread had done at its last light fence
    std::array<knowledge, most_threads> delivered{};  // what it will see from its next light fence on
    // The sleeping threads, each with the variable it watches. A thread that watches several has an entry for each, until it runs again.
    struct sleeper {
        const variable* on;
        rl::thread_id_t thread;
    };
    std::array<sleeper, most_threads * most_watched> sleepers{};
    std::size_t asleep = 0;
    enum rest : unsigned char { awake, parked, parked_for_a_time };
    std::array<rest, most_threads> resting{};
    std::array<int, most_threads> descriptors{-1, -1, -1, -1};  // that a thread waits for without a deadline
    std::array<bool, most_threads> finished{};
    scenario* scene = nullptr;
    bool is_stuck = false;
    // In random schedules by priority: who may run runs, if nobody of a higher one may. At some steps it gets the lowest.
    bool by_priority = false;
    std::array<int, most_threads> priority{};
    int lowest = 0;
    std::array<unsigned, 3> lowered_at{};
    unsigned steps = 0;
    std::array<cell, most_cells> cells{};
    std::size_t cell_count = 0;
    unsigned variables = 0;
    std::uint64_t clock_ns = 1;
    void (*end_release_sequence)(rl::atomic_data&, const rl::thread_info_base&, bool) = nullptr;
} now;

const entry* current = nullptr;
const search* how = nullptr;
unsigned long long schedules = 0;

rl::thread_info_base& self() { return *rl::ctx().threadx_; }
rl::atomic_data* data_of(void* p) { return static_cast<rl::atomic_data*>(p); }
rl::debug_info at(const place& p) { return {p.function_name(), p.file_name(), p.line()}; }
const char* name(order o) {
    static constexpr std::array<const char*, 5> names{"relaxed", "acquire", "release", "acq_rel", "seq_cst"};
    return names[static_cast<std::size_t>(o)];
}
bool acquires(order o) { return o == order::acquire || o == order::acq_rel || o == order::seq_cst; }

void append(rl::string& text, const char* part) { text += part; }
void append(rl::string& text, std::integral auto part) {
    std::array<char, 24> digits{};
    text.append(digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), part).ptr);
}

// For the history of a schedule that failed. Not by a stream: that would allocate what outlives the schedule.
template <class... Parts>
void note(const place& p, const Parts&... parts) {
    rl::context& c = rl::ctx();
    if (!c.collecting_history()) return;
    rl::string text;
    (append(text, parts), ...);
    c.exec_log(at(p), rl::user_msg_event{text});
}

void fail(const char* what, rl::test_result_e result, const place& p) { rl::ctx().fail_test(what, result, at(p)); }

void merge(rl::timestamp_t* into, const knowledge& from) {
    for (int i = 0; i < rl::ctx().get_thread_count(); ++i)
        into[i] = std::max(into[i], from[static_cast<std::size_t>(i)]);
}
knowledge known_to(const rl::thread_info_base& thread) {
    knowledge k{};
    std::copy_n(thread.acq_rel_order_, rl::ctx().get_thread_count(), k.begin());
    return k;
}

void announce_and_receive() {
    rl::thread_info_base& me = self();
    merge(me.acq_rel_order_, now.delivered[static_cast<std::size_t>(me.index_)]);
    now.announced[static_cast<std::size_t>(me.index_)] = known_to(me);
}

bool is_asleep(std::size_t thread) { return now.resting[thread] != now.awake; }

bool is_first(std::size_t thread) {
    for (std::size_t i = 0; i < static_cast<std::size_t>(rl::ctx().get_thread_count()); ++i) {
        if (now.priority[i] > now.priority[thread] && !now.finished[i] && !is_asleep(i)) return false;
    }
    return true;
}

// Before each step on what is shared.
void take_turn() {
    rl::ctx().sched();
    if (!now.by_priority) return;
    const auto me = static_cast<std::size_t>(self().index_);
    ++now.steps;
    if (std::count(now.lowered_at.begin(), now.lowered_at.end(), now.steps) > 0) now.priority[me] = --now.lowest;
    for (int turns = 0; !is_first(me) && turns < 1000; ++turns) rl::ctx().sched();
}

// Where any thread may be next, none is left alone for long, as the kernel may leave it, in the middle of an operation. So
// in most schedules only a few changes are left to chance (Burckhardt and others: A randomized scheduler with probabilistic
// guarantees of finding bugs, 2010).
void choose_priorities() {
    now.by_priority = choose(3) > 0;
    if (!now.by_priority) return;
    for (std::size_t i = 0; i < most_threads; ++i) {
        now.priority[i] = static_cast<int>(i) + 1;
        std::swap(now.priority[i], now.priority[choose(static_cast<unsigned>(i) + 1)]);
    }
    const unsigned length = 32U << choose(3);
    for (unsigned& at : now.lowered_at) at = 1 + choose(length);
}

bool is_readable(int descriptor) {
    pollfd entry{.fd = descriptor, .events = POLLIN, .revents = 0};
    return ::poll(&entry, 1, 0) == 1;
}

// To be called by a thread before it sleeps without a deadline, or finishes. If the others have done so, it is the last.
void mind_the_last() {
    if (now.is_stuck) return;
    auto gone = static_cast<std::size_t>(std::count(now.finished.begin(), now.finished.end(), true));
    gone += static_cast<std::size_t>(std::count(now.resting.begin(), now.resting.end(), now.parked));
    for (std::size_t i = 0; i < most_threads; ++i) {
        const bool waits = now.descriptors[i] >= 0 && i != static_cast<std::size_t>(self().index_);
        if (waits && !is_readable(now.descriptors[i])) ++gone;
    }
    if (gone + 1 < static_cast<std::size_t>(rl::ctx().get_thread_count())) return;
    rl::ctx().rl_global_fence();
    now.is_stuck = true;
    now.scene->stuck();
    now.is_stuck = false;
    rl::ctx().rl_global_fence();
}

// Of the store just made.
template <rl::thread_id_t N>
void end_release_sequence(rl::atomic_data& data, const rl::thread_info_base& by, bool releases) {
    auto& of = static_cast<rl::atomic_data_impl<N>&>(data);
    auto& store = of.history_[of.current_index_ % rl::atomic_history_size];
    for (int i = 0; i < N; ++i) store.acq_rel_order_[i] = releases ? by.acq_rel_order_[i] : 0;
}

template <rl::thread_id_t N>
struct play_on : rl::test_suite<play_on<N>, N> {
    std::unique_ptr<scenario> scene;

    void before() {
        if (how->is_replay || !rl::ctx().collecting_history()) ++schedules;  // else the failing one is played again
        now = {};
        now.end_release_sequence = &end_release_sequence<N>;
        scene = current->make();
        now.scene = scene.get();
        if (scene->is_by_priority() && rl::ctx().is_random_sched()) choose_priorities();
    }
    void thread(unsigned index) {
        scene->thread(index);
        mind_the_last();
        now.finished[index] = true;
    }
    void after() {
        now.by_priority = false;
        scene->after();
        scene.reset();
        for (std::size_t i = 0; i < now.cell_count; ++i) {
            if (now.cells[i].alive)
                fail("an element was never destroyed", rl::test_result_memory_leak, place::current());
            rl::ctx().var_dtor(now.cells[i].data);
        }
    }
};

}  // namespace

// ---- variables ---------------------------------------------------------------------------------------------------

static_assert(rl::atomic_history_size < 4);

variable::variable(std::uint64_t value) noexcept
    : data_(rl::ctx().atomic_ctor(this)), latest_(value), number_(now.variables++) {
    remember(self().atomic_store_relaxed(data_of(data_)), value);
}

variable::~variable() { rl::ctx().atomic_dtor(data_of(data_)); }

void variable::remember(unsigned index, std::uint64_t value) noexcept {
    values_[index] = value;
    latest_ = value;
}

std::uint64_t variable::load(order o, place p) const noexcept {
    take_turn();
    rl::thread_info_base& me = self();
    const unsigned index = o == order::seq_cst ? me.atomic_load_seq_cst(data_of(data_))
                           : acquires(o)       ? me.atomic_load_acquire(data_of(data_))
                                               : me.atomic_load_relaxed(data_of(data_));
    const std::uint64_t value = values_[index];
    note(p, "variable ", number_, ": load ", value, value == latest_ ? "" : " (old)", ", ", name(o));
    return value;
}

void variable::store(std::uint64_t value, order o, place p) noexcept {
    take_turn();
    rl::thread_info_base& me = self();
    const unsigned index = o == order::seq_cst   ? me.atomic_store_seq_cst(data_of(data_))
                           : o == order::release ? me.atomic_store_release(data_of(data_))
                                                 : me.atomic_store_relaxed(data_of(data_));
    now.end_release_sequence(*data_of(data_), me, o != order::relaxed);
    remember(index, value);
    note(p, "variable ", number_, ": store ", value, ", ", name(o));
}

namespace {
unsigned replace(void* data, order o) {
    bool aba = false;
    switch (o) {
    case order::relaxed: return self().atomic_rmw_relaxed(data_of(data), aba);
    case order::acquire: return self().atomic_rmw_acquire(data_of(data), aba);
    case order::release: return self().atomic_rmw_release(data_of(data), aba);
    case order::acq_rel: return self().atomic_rmw_acq_rel(data_of(data), aba);
    case order::seq_cst: break;
    }
    return self().atomic_rmw_seq_cst(data_of(data), aba);
}
}  // namespace

std::uint64_t variable::modify(change f, std::uint64_t operand, order o, place p) noexcept {
    take_turn();
    const std::uint64_t before = latest_;
    remember(replace(data_, o), f(before, operand));
    note(p, "variable ", number_, ": modify ", before, " to ", latest_, ", ", name(o));
    return before;
}

bool variable::compare_exchange(std::uint64_t& expected, std::uint64_t value, bool weak, order success, order failure,
                                place p) noexcept {
    // In the exhaustive search these choices would make loops endless.
    if (rl::ctx().is_random_sched()) {
        if (const std::uint64_t seen = load(failure, p); seen != expected) {
            expected = seen;
            return false;
        }
        if (weak && choose(4) == 0) {
            note(p, "variable ", number_, ": fails to exchange, for no reason");
            return false;
        }
    }
    take_turn();
    const bool equal = latest_ == expected;
    note(p, "variable ", number_, equal ? ": exchange " : ": fails to exchange ", latest_, " for ", value, ", ",
         name(equal ? success : failure));
    if (equal) {
        remember(replace(data_, success), value);
    } else {
        expected = latest_;
        if (acquires(failure)) {
            (void)self().atomic_load_acquire_rmw(data_of(data_));
        } else {
            (void)self().atomic_load_relaxed_rmw(data_of(data_));
        }
    }
    return equal;
}

// ---- sleep ------------------------------------------------------------------------------------------------------

void variable::sleep_while(std::uint64_t expected, bool timed, place p) const noexcept {
    const watched one{this, expected};
    sleep_while_all({&one, 1}, timed, p);
}

bool variable::is_still(std::uint64_t expected, place p) const noexcept {
    take_turn();
    // The kernel compares under a lock that a waker takes after the change, so it is the latest that counts. A thread
    // that has read it, and be it there, reads nothing older after that.
    (void)self().atomic_load_relaxed_rmw(data_of(data_));
    if (latest_ != expected) note(p, "variable ", number_, " is ", latest_, ": no sleep");
    return latest_ == expected;
}

void variable::sleep_while_all(std::span<const watched> words, bool timed, place p) noexcept {
    rl::context& c = rl::ctx();
    rl::thread_info_base& me = self();
    auto& rest = now.resting[static_cast<std::size_t>(me.index_)];
    const auto withdraw = [&]() noexcept {
        auto* const end = now.sleepers.data() + now.asleep;
        auto* const kept =
            std::remove_if(now.sleepers.data(), end, [&](const auto& s) { return s.thread == me.index_; });
        const auto withdrawn = static_cast<std::size_t>(end - kept);
        now.asleep -= withdrawn;
        return withdrawn;
    };
    for (const watched& word : words) {
        if (!word.on->is_still(word.expected, p)) return static_cast<void>(withdraw());
        now.sleepers[now.asleep++] = {word.on, me.index_};
        note(p, "sleeps while variable ", word.on->number_, " is ", word.expected);
    }
    if (c.is_random_sched() && choose(8) == 0) {
        note(p, "no sleep, for no reason");
        return static_cast<void>(withdraw());
    }
    if (!timed) mind_the_last();
    if (std::count_if(now.sleepers.data(), now.sleepers.data() + now.asleep, [&](const auto& s) {
            return s.thread == me.index_;
        }) < static_cast<std::ptrdiff_t>(words.size())) {
        note(p, "woken before it sleeps");
        return static_cast<void>(withdraw());
    }
    rest = timed ? now.parked_for_a_time : now.parked;
    const rl::timestamp_t last_yield = me.last_yield_;
    rl::unpark_reason reason;
    do {
        reason = c.park_current_thread(timed, false, false, at(p));
        // Relacy thinks that time is up every fourth turn, of which there are many while somebody waits for his.
    } while (reason == rl::unpark_reason_timeout && now.by_priority && choose(32) > 0);
    me.last_yield_ = last_yield;
    rest = now.awake;
    (void)withdraw();
}

void variable::wake_up(std::size_t most, place p) const noexcept {
    rl::context& c = rl::ctx();
    take_turn();
    for (; most > 0; --most) {
        const auto here = [this](const auto& s) { return s.on == this; };
        const auto end = now.sleepers.begin() + static_cast<std::ptrdiff_t>(now.asleep);
        const auto count = static_cast<unsigned>(std::count_if(now.sleepers.begin(), end, here));
        if (count == 0) return;
        auto chosen = std::find_if(now.sleepers.begin(), end, here);
        for (unsigned i = count > 1 ? choose(count) : 0; i > 0; --i) chosen = std::find_if(chosen + 1, end, here);
        const rl::thread_id_t thread = chosen->thread;
        std::move(chosen + 1, end, chosen);
        --now.asleep;
        // It may have been woken at another variable, or be about to sleep: then it learns of it, and this wake-up is used.
        auto& rest = now.resting[static_cast<std::size_t>(thread)];
        if (std::exchange(rest, now.awake) != now.awake) c.unpark_thread(thread, false, at(p));
    }
}

void wait_readable(int descriptor, bool timed, place p) noexcept {
    rl::thread_info_base& me = self();
    int& mine = now.descriptors[static_cast<std::size_t>(me.index_)];
    while (!is_readable(descriptor) && !(timed && choose(2) == 1)) {
        if (!timed) mine = descriptor, mind_the_last();
        // The system call orders no memory: what this thread could read before, it still can.
        const rl::timestamp_t last_yield = me.last_yield_;
        yield(p);
        me.last_yield_ = last_yield;
    }
    mine = -1;
}

// ---- fences, turns, checks --------------------------------------------------------------------------------------

void light_fence(place) noexcept {
    take_turn();
    announce_and_receive();
}

void heavy_fence(place p) noexcept {
    rl::context& c = rl::ctx();
    take_turn();
    announce_and_receive();
    const rl::thread_info_base& me = self();
    const knowledge mine = known_to(me);
    const auto count = static_cast<unsigned>(c.get_thread_count());
    const unsigned first = count > 2 ? choose(count) : 0;
    knowledge theirs{};
    note(p, "heavy fence begins");
    for (unsigned i = 0; i < count; ++i) {
        const unsigned other = (first + i) % count;
        if (other == static_cast<unsigned>(me.index_)) continue;
        take_turn();
        note(p, "heavy fence at thread ", other);
        merge(now.delivered[other].data(), mine);
        merge(theirs.data(), now.announced[other]);
    }
    take_turn();
    merge(me.acq_rel_order_, theirs);
    announce_and_receive();
    note(p, "heavy fence ends");
}

void yield(place p) noexcept {
    now.priority[static_cast<std::size_t>(self().index_)] = --now.lowest;
    rl::ctx().yield(1, at(p));
}

// The same in every run, since a ring may choose by it.
const void* identity() noexcept { return reinterpret_cast<const void*>((self().index_ + 1) * std::uintptr_t{64}); }
std::uint64_t rough_ns() noexcept { return now.clock_ns += 700; }

moment this_moment() noexcept {
    rl::thread_info_base& me = self();
    me.own_acq_rel_order_ += 1;
    const knowledge known = known_to(me);
    moment m{};
    std::copy(known.begin(), known.end(), m.begin());
    return m;
}

unwatched::unwatched() noexcept : checker_(std::exchange(rl::context_holder<>::instance_, nullptr)) {}
unwatched::~unwatched() { rl::context_holder<>::instance_ = static_cast<rl::context*>(checker_); }

bool is_shown() noexcept { return rl::ctx().collecting_history(); }
void show(const char* line, place p) noexcept { note(p, line); }

unsigned long long schedule() noexcept { return how->switches > 0 ? how->seed : how->seed + schedules - 1; }

unsigned choose(unsigned n) noexcept { return rl::ctx().rand(n, rl::sched_type_user); }

void check(bool kept, const char* promise, place p) noexcept {
    if (!kept) fail(promise, rl::test_result_user_assert_failed, p);
}

void touch(const void* address, access a, place p) noexcept {
    rl::context& c = rl::ctx();
    auto* const end = now.cells.data() + now.cell_count;
    cell* found = std::find_if(now.cells.data(), end, [&](const cell& known) { return known.address == address; });
    if (found == end) {
        if (now.cell_count == most_cells) fail("too many cells", rl::test_result_inconsistent_test_suite, p);
        *found = {address, c.var_ctor(), false};
        ++now.cell_count;
        if (a == access::construct) {
            found->data->init(self());
            found->alive = true;
            return;
        }
    }
    static constexpr std::array<const char*, 4> names{"builds", "reads", "writes", "destroys"};
    note(p, names[static_cast<std::size_t>(a)], " element ", found - now.cells.data());
    const bool ordered = a == access::read ? found->data->load(self()) : found->data->store(self());
    if (!ordered) fail("two threads at an element at once", rl::test_result_data_race, p);
    const bool was_alive = std::exchange(found->alive, a != access::destroy);
    if (was_alive == (a == access::construct)) {
        fail(was_alive ? "an element was built over a live one" : "an element was used or destroyed that is none",
             rl::test_result_access_to_freed_memory, p);
    }
}

// ---- searches ---------------------------------------------------------------------------------------------------

outcome play(const entry& e, const search& s) {
    current = &e;
    how = &s;
    schedules = 0;
    rl::test_params params;
    rl::ostringstream out;  // takes nothing from operator new, which is relacy's while it runs
    std::ostream nowhere(nullptr);
    params.output_stream = &out;
    params.progress_stream = &nowhere;
    params.execution_depth_limit = e.program == nullptr ? 5000 : 50'000;
    params.collect_history = s.is_replay;
    params.initial_state.assign(s.from.begin(), s.from.end());
    params.iteration_count = s.last;
    if (s.switches > 0) {
        params.search_type = rl::sched_bound;
        params.context_bound = s.switches;
    }
    bool kept = false;
    switch (e.threads) {
    case 2: kept = rl::simulate<play_on<2>>(params); break;
    case 3: kept = rl::simulate<play_on<3>>(params); break;
    case 4: kept = rl::simulate<play_on<4>>(params); break;
    default: std::abort();
    }
    std::string state(params.final_state.begin(), params.final_state.end());
    state.resize(state.find_last_not_of(' ') + 1);
    const rl::string history = out.str();
    return {kept,       kept ? "" : rl::test_result_str(params.test_result),
            state,      {history.begin(), history.end()},
            schedule(), schedules};
}

}  // namespace model
