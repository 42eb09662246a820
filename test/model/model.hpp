// SPDX-License-Identifier: MIT
//
// What a program under the model checker sees of it: shared variables, cells, fences, sleep, and the scenarios that
// play them. The checker itself is in model.cpp, over relacy.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

namespace model {

enum class order : unsigned char { relaxed, acquire, release, acq_rel, seq_cst };
/// Where in the source something happens: std::source_location, which Clang 14 lacks.
class place {
public:
    static constexpr place current(const char* file = __builtin_FILE(), const char* function = __builtin_FUNCTION(),
                                   unsigned line = __builtin_LINE()) noexcept {
        return {file, function, line};
    }
    constexpr const char* file_name() const noexcept { return file_; }
    constexpr const char* function_name() const noexcept { return function_; }
    constexpr unsigned line() const noexcept { return line_; }

private:
    constexpr place(const char* file, const char* function, unsigned line) noexcept
        : file_(file), function_(function), line_(line) {}
    const char* file_;
    const char* function_;
    unsigned line_;
};

/// A shared atomic variable, of 64 bits that its user knows the meaning of.
class variable {
public:
    explicit variable(std::uint64_t value) noexcept;
    ~variable();
    variable(const variable&) = delete;
    variable& operator=(const variable&) = delete;

    /// Any value that the memory model allows this thread to read.
    std::uint64_t load(order, place) const noexcept;
    void store(std::uint64_t value, order, place) noexcept;
    /// Replaces the latest value by change(latest, operand); returns the latest.
    using change = std::uint64_t (*)(std::uint64_t latest, std::uint64_t operand);
    std::uint64_t modify(change, std::uint64_t operand, order, place) noexcept;
    bool compare_exchange(std::uint64_t& expected, std::uint64_t value, bool weak, order success, order failure,
                          place) noexcept;

    /// Sleeps if the latest value is `expected`, until a wake_up(), for no reason, or, if `timed`, any time.
    void sleep_while(std::uint64_t expected, bool timed, place) const noexcept;
    /// The same while all of several are so. A thread that was woken at one counts at the others until it runs.
    struct watched {
        const variable* on;
        std::uint64_t expected;
    };
    static void sleep_while_all(std::span<const watched>, bool timed, place) noexcept;
    void wake_up(std::size_t most, place) const noexcept;

private:
    void remember(unsigned index, std::uint64_t value) noexcept;
    bool is_still(std::uint64_t expected, place) const noexcept;

    void* const data_;  // relacy's
    std::array<std::uint64_t, 4> values_{};
    std::uint64_t latest_;
    const unsigned number_;
};

void light_fence(place) noexcept;
void heavy_fence(place) noexcept;
void yield(place = place::current()) noexcept;
/// A clock that moves by 700 ns whenever it is read.
std::uint64_t rough_ns() noexcept;
/// An address that is the calling thread's own.
const void* identity() noexcept;
/// A choice that is tried each way: 0 to n - 1.
unsigned choose(unsigned n) noexcept;
/// Waits until a poll of the descriptor says readable, or, if `timed`, until any time.
void wait_readable(int descriptor, bool timed, place = place::current()) noexcept;
/// The promise that a scenario is about.
void check(bool kept, const char* promise, place = place::current()) noexcept;

inline constexpr std::size_t most_threads = 4;
inline constexpr std::size_t most_watched = 4;  // by one thread at a time

/// What the calling thread may rely on now: how far each thread's past happened before. Two moments of one thread differ.
using moment = std::array<std::uint64_t, most_threads>;
moment this_moment() noexcept;

/// Memory that is taken and given back during the life of one of these is not the scenario's: the checker neither counts it
/// nor makes choices about it. Nothing shared may be used meanwhile.
class unwatched {
public:
    unwatched() noexcept;
    ~unwatched();
    unwatched(const unwatched&) = delete;
    unwatched& operator=(const unwatched&) = delete;

private:
    void* const checker_;
};

/// A line for the schedule that is printed when it fails, made by text() if it is wanted at all.
bool is_shown() noexcept;
void show(const char* line, place = place::current()) noexcept;
template <class Text>
void say(Text text, place at = place::current()) {
    if (!is_shown()) return;
    std::array<char, 120> line{};
    {
        const unwatched strings;
        const std::string made = text();
        made.copy(line.data(), line.size() - 1);
    }
    show(line.data(), at);
}

/// The number of the random schedule that is played; in an exhaustive search that of --seed.
unsigned long long schedule() noexcept;

/// Memory that is not atomic. Every access is checked for races, and for life: nothing is built over what is alive, nor
/// read or destroyed when it is not. All that was built must be destroyed at the end.
enum class access : unsigned char { construct, read, write, destroy };
void touch(const void* address, access, place = place::current()) noexcept;

/// What the rings under test hold: a number in such memory.
class element {
public:
    element() noexcept : element(0) {}
    explicit element(int number) noexcept : number_(number) { touch(this, access::construct); }
    element(const element& other) noexcept : number_(other.number()) { touch(this, access::construct); }
    element(element&& other) noexcept : number_(other.taken()) { touch(this, access::construct); }
    element& operator=(const element& other) noexcept {
        number_ = other.number();
        touch(this, access::write);
        return *this;
    }
    element& operator=(element&& other) noexcept {
        number_ = other.taken();
        touch(this, access::write);
        return *this;
    }
    ~element() { touch(this, access::destroy); }

    int number() const noexcept {
        touch(this, access::read);
        return number_;
    }
    static constexpr int moved_from = -1;

private:
    int taken() noexcept {
        touch(this, access::write);
        const int number = number_;
        number_ = moved_from;
        return number;
    }

    int number_;
};

/// Some threads on shared objects. Built before they start, destroyed after after(), for each schedule anew.
class scenario {
public:
    scenario() = default;
    scenario(const scenario&) = delete;
    scenario& operator=(const scenario&) = delete;
    virtual ~scenario() = default;
    virtual void thread(unsigned index) = 0;
    virtual void after() {}
    /// Every thread has finished, or sleeps without a deadline, or is about to: who calls this is the last. All that was
    /// done happened before. A deadlock follows unless this wakes somebody.
    virtual void stuck() {}
    /// Whether most random schedules go by priorities, so that threads may be left alone for long.
    virtual bool is_by_priority() const { return false; }
};

/// How a scenario is searched: every schedule with at most `switches` preemptions (0: not), and `random` others.
struct entry {
    const char* name;
    unsigned threads;  // 2 to 4
    unsigned switches;
    unsigned long random;
    std::unique_ptr<scenario> (*make)();
    const char* fault = nullptr;  // what must be found, as the checker calls it; nullptr: every promise is kept
    std::string (*program)(unsigned long long schedule) = nullptr;  // what is played, if it depends on schedule()
};

template <class Scenario>
std::unique_ptr<scenario> make() {
    return std::make_unique<Scenario>();
}

/// The command line of a program of scenarios.
int run(int argc, char** argv, std::span<const entry> scenarios);

}  // namespace model
