// SPDX-License-Identifier: MIT
//
// What a program under the model checker sees of it: shared variables, cells, fences, sleep, and the scenarios that
// play them. The checker itself is in model.cpp, over relacy.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <source_location>
#include <span>

namespace model {

enum class order : unsigned char { relaxed, acquire, release, acq_rel, seq_cst };
using place = std::source_location;

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
    void wake_up(std::size_t most, place) const noexcept;

private:
    void remember(unsigned index, std::uint64_t value) noexcept;

    void* const data_;  // relacy's
    std::array<std::uint64_t, 4> values_{};
    std::uint64_t latest_;
    const unsigned number_;
};

void light_fence(place) noexcept;
void heavy_fence(place) noexcept;
void yield(place = place::current()) noexcept;
/// An address that is the calling thread's own.
const void* identity() noexcept;
/// A choice that is tried each way: 0 to n - 1.
unsigned choose(unsigned n) noexcept;
/// The promise that a scenario is about.
void check(bool kept, const char* promise, place = place::current()) noexcept;

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
};

/// How a scenario is searched: every schedule with at most `switches` preemptions (0: not), and `random` others.
struct entry {
    const char* name;
    unsigned threads;  // 2 to 4
    unsigned switches;
    unsigned long random;
    std::unique_ptr<scenario> (*make)();
    const char* fault = nullptr;  // what must be found, as the checker calls it; nullptr: every promise is kept
};

template <class Scenario>
std::unique_ptr<scenario> make() {
    return std::make_unique<Scenario>();
}

/// The command line of a program of scenarios.
int run(int argc, char** argv, std::span<const entry> scenarios);

}  // namespace model
