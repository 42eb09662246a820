// SPDX-License-Identifier: MIT
//
// A cheap clock for durations of tens of nanoseconds and more. A tick is less than 1 ns on x86-64, and 1 to 42 ns on 64-bit Arm.
#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>

#if defined(__x86_64__)
#include <cpuid.h>
#include <x86intrin.h>
#endif

namespace weir {

/// The hardware or library source of a tick_clock.
enum class tick_source : unsigned char {
    tsc,            ///< x86-64 time stamp counter, invariant: constant rate, does not stop in idle states
    generic_timer,  ///< arm64 virtual counter, cntvct_el0
    steady_clock,   ///< std::chrono::steady_clock, elsewhere, and on x86-64 without an invariant counter
};

constexpr std::string_view to_string(tick_source source) noexcept {
    switch (source) {
    case tick_source::tsc: return "tsc";
    case tick_source::generic_timer: return "generic_timer";
    case tick_source::steady_clock: return "steady_clock";
    }
    return "unknown";
}

/// Reads the cheapest constant-rate counter of this machine, and converts its ticks to nanoseconds.
///
/// Ticks read on two cores of one package are comparable. Across packages they are comparable only as far as the
/// firmware has synchronized the counters: measure the offset before subtracting ticks of two cores. Copies share the
/// calibration. Any thread may call any member function at any time.
class tick_clock {
public:
    /// Selects the source and calibrates it against steady_clock. With a time stamp counter this takes `calibration`
    /// (the relative error is about 50 ns divided by it); otherwise it returns at once.
    explicit tick_clock(std::chrono::nanoseconds calibration = std::chrono::milliseconds{20}) noexcept
        : source_{probe()}, ns_per_tick_{calibrate(source_, calibration)} {}

    /// The current tick. The processor may read the counter before earlier loads have completed. About 5 to 25 ns;
    /// wait-free, no system call (for steady_clock, whatever the standard library does).
    std::uint64_t now() const noexcept { return read(source_); }

    /// Like now(), but not before every earlier load has completed: for time-stamping data just received.
    std::uint64_t now_after_loads() const noexcept {
#if defined(__x86_64__)
        if (source_ == tick_source::tsc) {
            unsigned processor;
            return __rdtscp(&processor);
        }
#elif defined(__aarch64__)
        asm volatile("isb" ::: "memory");
#endif
        return read(source_);
    }

    tick_source source() const noexcept { return source_; }
    double ns_per_tick() const noexcept { return ns_per_tick_; }

    double to_ns(std::uint64_t ticks) const noexcept { return static_cast<double>(ticks) * ns_per_tick_; }

    /// Rounded to the nearest tick; `ns` must not be negative.
    std::uint64_t to_ticks(double ns) const noexcept { return static_cast<std::uint64_t>(ns / ns_per_tick_ + 0.5); }

private:
    static std::uint64_t steady_ns() noexcept {
        const auto now = std::chrono::steady_clock::now().time_since_epoch();
        return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(now).count());
    }

    static std::uint64_t read([[maybe_unused]] tick_source source) noexcept {
#if defined(__x86_64__)
        if (source == tick_source::tsc) {
            return __rdtsc();
        }
#elif defined(__aarch64__)
        std::uint64_t ticks;
        asm volatile("mrs %0, cntvct_el0" : "=r"(ticks));
        return ticks;
#endif
        return steady_ns();
    }

    static tick_source probe() noexcept {
#if defined(__x86_64__)
        // CPUID leaf 0x80000007, EDX bit 8: the counter runs at one rate in all states (Intel SDM 18.17.1).
        unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
        const bool known = __get_cpuid(0x80000007U, &eax, &ebx, &ecx, &edx) != 0;
        return known && (edx & (1U << 8U)) != 0 ? tick_source::tsc : tick_source::steady_clock;
#elif defined(__aarch64__)
        return tick_source::generic_timer;
#else
        return tick_source::steady_clock;
#endif
    }

    struct paired_reading {
        std::uint64_t ns;
        std::uint64_t ticks;
    };

    /// Reads both clocks at the same instant: of several attempts it takes the one whose two ns readings are closest
    /// together, since no interruption fell between them.
    static paired_reading read_both(tick_source source) noexcept {
        paired_reading best{};
        std::uint64_t narrowest = UINT64_MAX;
        for (int attempt = 0; attempt != 16; ++attempt) {
            const std::uint64_t before = steady_ns();
            const std::uint64_t ticks = read(source);
            const std::uint64_t after = steady_ns();
            if (after - before < narrowest) {
                narrowest = after - before;
                best = {before + narrowest / 2, ticks};
            }
        }
        return best;
    }

    static double calibrate(tick_source source, std::chrono::nanoseconds duration) noexcept {
        if (source == tick_source::steady_clock) {
            return 1.0;
        }
#if defined(__aarch64__)
        std::uint64_t hertz;
        asm volatile("mrs %0, cntfrq_el0" : "=r"(hertz));
        if (hertz != 0) {
            return 1e9 / static_cast<double>(hertz);
        }
#endif
        const paired_reading begin = read_both(source);
        const std::uint64_t shortest = duration.count() > 1000 ? static_cast<std::uint64_t>(duration.count()) : 1000;
        while (steady_ns() - begin.ns < shortest) {
        }
        const paired_reading end = read_both(source);
        return static_cast<double>(end.ns - begin.ns) / static_cast<double>(end.ticks - begin.ticks);
    }

    tick_source source_;
    double ns_per_tick_;
};

}  // namespace weir
