// SPDX-License-Identifier: MIT
#include "instruments/floors.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <vector>

#include "instruments/statistics.hpp"

namespace bench {

struct alignas(128) floor_meter::line {
    std::atomic<word> value{0};
};

struct floor_meter::lines {
    starting_line start;
    line there;
    line back;
    line written;
    line read;
};

void run_roles(worker_pair& workers, roles who, worker_pair::job producer, worker_pair::job consumer) {
    if (who == roles::as_placed) {
        workers.run(std::move(producer), std::move(consumer));
    } else {
        workers.run(std::move(consumer), std::move(producer));
    }
}

bool floor_reading::steady(const floor_reading& before, const floor_reading& after) {
    const auto alike = [](double a, double b) { return std::max(a, b) <= 1.25 * std::min(a, b); };
    return alike(before.roundtrip_ns, after.roundtrip_ns) && alike(before.stream_words_per_s, after.stream_words_per_s);
}

floor_reading floor_reading::between(const floor_reading& before, const floor_reading& after) {
    return {(before.roundtrip_ns + after.roundtrip_ns) / 2.0,
            (before.stream_words_per_s + after.stream_words_per_s) / 2.0};
}

double words_per_s_of(const std::vector<double>& lap_ns, std::size_t words) {
    std::vector<double> rates;
    for (const double ns : lap_ns) rates.push_back(1e9 * static_cast<double>(words) / std::max(ns, 1.0));
    return median(rates);
}

void offset_finder::saw(std::uint64_t sent, std::uint64_t stamp, std::uint64_t returned) {
    const auto trip = static_cast<double>(returned - sent);
    if (trip >= quickest_) return;
    quickest_ = trip;
    ahead_ = static_cast<double>(static_cast<std::int64_t>(stamp - sent)) - trip / 2.0;
}

floor_meter::floor_meter(worker_pair& workers, const weir::tick_clock& clock)
    : workers_(workers), clock_(clock), buffer_(new word[buffer_words]()) {}

// A cancelled measurement may leave the counters at any value.
floor_meter::lines& floor_meter::fresh_lines() {
    lines_ = std::make_shared<lines>();
    return *lines_;
}

floor_reading floor_meter::take(roles who) {
    return {.roundtrip_ns = roundtrip(who), .stream_words_per_s = stream(who)};
}

double floor_meter::roundtrip(roles who) {
    constexpr word warm_up = 200;
    const word bursts = spinning.one_core ? 3 : 55;
    const word trips = spinning.one_core ? 4 : 20;
    lines& shared = fresh_lines();
    const word last = (spinning.one_core ? 0 : warm_up) + bursts * trips;
    std::vector<double> burst_ns;
    burst_ns.reserve(bursts);

    run_roles(
        workers_, who,
        [&] {
            shared.start.wait();
            word i = 0;
            const auto trip_to = [&](word end) {
                while (i != end) {
                    shared.there.value.store(++i, std::memory_order_release);
                    while (shared.back.value.load(std::memory_order_acquire) != i) {
                        relax();
                    }
                }
            };
            trip_to(last - bursts * trips);
            while (i != last) {
                const auto begin = clock_.now();
                trip_to(i + trips);
                burst_ns.push_back(clock_.to_ns(clock_.now_after_loads() - begin) / static_cast<double>(trips));
            }
        },
        [&] {
            shared.start.wait();
            for (word i = 1; i <= last; ++i) {
                while (shared.there.value.load(std::memory_order_acquire) != i) {
                    relax();
                }
                shared.back.value.store(i, std::memory_order_release);
            }
        });
    return median(burst_ns);
}

double floor_meter::stream(roles who) {
    constexpr word step = words_per_index_store;
    constexpr word warm_up_laps = 2;
    constexpr word laps = 7;
    constexpr word total = (warm_up_laps + laps) * buffer_words;
    lines& shared = fresh_lines();
    word* const buffer = buffer_.get();
    std::array<std::uint64_t, warm_up_laps + laps + 1> lap_end{};
    word sum = 0;

    run_roles(
        workers_, who,
        [&] {
            word free = buffer_words;
            shared.start.wait();
            for (word at = 0; at != total; at += step) {
                while (at + step > free) {
                    free = shared.read.value.load(std::memory_order_acquire) + buffer_words;
                    if (at + step > free) {
                        relax();
                    }
                }
                word* const slots = buffer + at % buffer_words;
                for (word i = 0; i != step; ++i) {
                    slots[i] = at + i;
                }
                shared.written.value.store(at + step, std::memory_order_release);
            }
        },
        [&] {
            word ready = 0;
            word got = 0;
            shared.start.wait();
            for (word at = 0; at != total; at += step) {
                while (at + step > ready) {
                    ready = shared.written.value.load(std::memory_order_acquire);
                    if (at + step > ready) {
                        relax();
                    }
                }
                const word* const slots = buffer + at % buffer_words;
                for (word i = 0; i != step; ++i) {
                    got += slots[i];
                }
                shared.read.value.store(at + step, std::memory_order_release);
                if ((at + step) % buffer_words == 0) {
                    lap_end[(at + step) / buffer_words] = clock_.now_after_loads();
                }
            }
            sum = got;
        });

    if (sum != total * (total - 1) / 2) {
        throw std::runtime_error{"the streaming floor lost words: this is a bug in weir-bench"};
    }
    std::vector<double> lap_ns;
    for (std::size_t lap = warm_up_laps + 1; lap != lap_end.size(); ++lap) {
        lap_ns.push_back(clock_.to_ns(lap_end[lap] - lap_end[lap - 1]));
    }
    return words_per_s_of(lap_ns, buffer_words);
}

floor_meter::clock_offset floor_meter::offset() {
    const word trips = spinning.one_core ? 10 : 2000;
    lines& shared = fresh_lines();
    offset_finder found;
    workers_.run(
        [&] {
            shared.start.wait();
            for (word i = 1; i <= trips; ++i) {
                const auto sent = clock_.now_after_loads();
                shared.there.value.store(i, std::memory_order_release);
                word stamp = 0;
                while ((stamp = shared.back.value.load(std::memory_order_acquire)) == 0) {
                    relax();
                }
                const auto returned = clock_.now_after_loads();
                shared.back.value.store(0, std::memory_order_relaxed);
                found.saw(sent, stamp, returned);
            }
        },
        [&] {
            shared.start.wait();
            for (word i = 1; i <= trips; ++i) {
                while (shared.there.value.load(std::memory_order_acquire) != i) {
                    relax();
                }
                shared.back.value.store(clock_.now_after_loads(), std::memory_order_release);
            }
        });
    return {.ns = found.ahead_ticks() * clock_.ns_per_tick(),
            .roundtrip_ns = found.quickest_ticks() * clock_.ns_per_tick()};
}

}  // namespace bench
