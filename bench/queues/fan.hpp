// SPDX-License-Identifier: MIT
//
// A queue that shows each item to each of several readers.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "bench/queues/crowd.hpp"

namespace bench {

/// How many threads push and read, and in which order the readers see an item.
struct fan_shape {
    unsigned producers = 1;
    unsigned readers = 1;
    bool diamond = false;  ///< the third reader gets an item when the first two have finished it

    std::string name() const {
        return diamond ? "diamond" : std::to_string(producers) + "P" + std::to_string(readers) + "C";
    }
};

/// Whole loops, as in channel: each function belongs to one thread, and returns when `count` items are passed.
class fan {
public:
    virtual ~fan() = default;
    virtual void produce(unsigned producer, sender& me, word count) = 0;
    virtual void consume(unsigned reader, taker& me, word count) = 0;
};

/// Null where the queue cannot have this shape.
using fan_maker = std::function<std::unique_ptr<fan>(const fan_shape&, std::size_t capacity)>;

}  // namespace bench
