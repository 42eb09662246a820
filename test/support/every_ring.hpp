// SPDX-License-Identifier: MIT
//
// Every kind of ring, for tests of what all of them promise. A test names the element, the strategy and the statistics:
//
//     typename TypeParam::template ring<int, weir::wait::event> ring(3);
#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <string>

#include "weir/pull.hpp"
#include "weir/ring.hpp"

namespace weir_test {

/// A ring with credit on request from which everything is requested already: it behaves as one with automatic credit.
template <class Ring>
struct asked : Ring {
    explicit asked(std::size_t capacity, weir::start_at start = {}) : Ring(capacity, start) {
        this->request(weir::pull::unbounded);
    }
};

struct spsc {
    template <class T, class Wait = weir::wait::park, class Stats = weir::stats::off>
    using ring = weir::spsc_ring<T, Wait, Stats>;
    static constexpr const char* name = "spsc";
};
struct mpmc {
    template <class T, class Wait = weir::wait::park, class Stats = weir::stats::off>
    using ring = weir::mpmc_ring<T, Wait, Stats>;
    static constexpr const char* name = "mpmc";
};
struct strict {
    template <class T, class Wait = weir::wait::park, class Stats = weir::stats::off>
    using ring = weir::strict_mpmc_ring<T, Wait, Stats>;
    static constexpr const char* name = "strict";
};
struct pull_spsc {
    template <class T, class Wait = weir::wait::park, class Stats = weir::stats::off>
    using ring = asked<weir::pull::spsc_ring<T, Wait, Stats>>;
    static constexpr const char* name = "pull_spsc";
};
struct pull_mpmc {
    template <class T, class Wait = weir::wait::park, class Stats = weir::stats::off>
    using ring = asked<weir::pull::mpmc_ring<T, Wait, Stats>>;
    static constexpr const char* name = "pull_mpmc";
};
struct pull_strict {
    template <class T, class Wait = weir::wait::park, class Stats = weir::stats::off>
    using ring = asked<weir::pull::strict_mpmc_ring<T, Wait, Stats>>;
    static constexpr const char* name = "pull_strict";
};

using every_ring = testing::Types<spsc, mpmc, strict, pull_spsc, pull_mpmc, pull_strict>;

struct ring_names {
    template <class Kind>
    static std::string GetName(int) {
        return Kind::name;
    }
};

}  // namespace weir_test
