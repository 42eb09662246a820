// SPDX-License-Identifier: MIT
//
// What programs without a broadcast ring do: a ring of its own for each reader, and a copy of each item for each.
#pragma once

#include <memory>
#include <vector>

#include "bench/queues/fan.hpp"
#include "instruments/spin.hpp"

namespace bench {
namespace {  // as in make.hpp

/// `Ring` is constructed from a capacity and has bool try_push(word) and bool try_pop(word&).
template <typename Ring>
class ring_fan final : public fan {
public:
    ring_fan(const fan_shape& shape, std::size_t capacity) : shape_(shape) {
        // In a diamond the first two readers pass the items on to the third, each through a ring.
        const unsigned rings = shape.diamond ? 4 : shape.producers * shape.readers;
        for (unsigned i = 0; i != rings; ++i) {
            rings_.push_back(std::make_unique<Ring>(capacity));
        }
    }

    void produce(unsigned producer, sender& me, word count) override {
        const unsigned to = shape_.diamond ? 2 : shape_.readers;
        for (; count != 0; --count) {
            const word item = me.next();
            for (unsigned i = 0; i != to; ++i) {
                put(*rings_[producer * to + i], item);
            }
        }
    }

    void consume(unsigned reader, taker& me, word count) override {
        if (shape_.diamond && reader == 2) {
            return consume_last(me, count);
        }
        Ring* const next = shape_.diamond ? rings_[2 + reader].get() : nullptr;
        unsigned refusals = 0;
        while (count != 0) {
            bool got_some = false;
            for (unsigned p = 0; p != shape_.producers; ++p) {
                word item = 0;
                if (rings_[p * (shape_.diamond ? 2 : shape_.readers) + reader]->try_pop(item)) {
                    me.check(item);
                    if (next != nullptr) {
                        put(*next, item);
                    }
                    --count;
                    got_some = true;
                }
            }
            got_some ? void(refusals = 0) : relax_in_crowd(refusals++);
        }
    }

private:
    static void put(Ring& ring, word item) {
        for (unsigned refusals = 0; !ring.try_push(item); ++refusals) {
            relax_in_crowd(refusals);
        }
    }

    // The third reader of a diamond sees an item when it has come from both.
    void consume_last(taker& me, word count) {
        for (; count != 0; --count) {
            word item = 0;
            for (const unsigned from : {2U, 3U}) {
                for (unsigned refusals = 0; !rings_[from]->try_pop(item); ++refusals) {
                    relax_in_crowd(refusals);
                }
            }
            me.check(item);
        }
    }

    fan_shape shape_;
    std::vector<std::unique_ptr<Ring>> rings_;
};

}  // namespace
}  // namespace bench
