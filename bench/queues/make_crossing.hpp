// SPDX-License-Identifier: MIT
//
// The `make` of a queue between processes. The queue is made before the second process is started, by fork: it has everything that
// both need, and its adapter's copies there are the second process's own.
#pragma once

#include "bench/queues/make.hpp"

namespace bench {
namespace {  // as in make.hpp

template <template <typename> class Adapter>
[[maybe_unused]] std::unique_ptr<channel> make_crossing_channel(std::size_t item_bytes, std::size_t capacity) {
    switch (item_bytes) {
    case 8: return std::make_unique<channel_for<Adapter<item<8>>, item<8>>>(capacity);
    case 64: return std::make_unique<channel_for<Adapter<item<64>>, item<64>>>(capacity);
    default: return nullptr;
    }
}

}  // namespace
}  // namespace bench
