// SPDX-License-Identifier: MIT
//
// Both rings of messages between processes, for typed tests.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "weir/shm/message_ring.hpp"

namespace weir_test {

using message_rings = testing::Types<weir::shm::spsc_message_ring, weir::shm::mpsc_message_ring>;

struct message_ring_names {
    template <class Ring>
    static std::string GetName(int) {
        return Ring::has_many_producers ? "mpsc" : "spsc";
    }
};

}  // namespace weir_test
