// SPDX-License-Identifier: MIT
#include <weir/broadcast_ring.hpp>

#include "bench/queues/ring_fan.hpp"
#include "bench/queues/weir.hpp"

namespace bench {
namespace {

template <typename Ring>
class broadcast final : public fan {
public:
    broadcast(const fan_shape& shape, std::size_t capacity) : ring_(capacity) {
        for (unsigned i = 0; i != shape.readers; ++i) {
            const bool is_last = shape.diamond && i == 2;
            readers_.push_back(is_last ? ring_.join({.after = {&readers_[0], &readers_[1]}}) : ring_.join());
        }
    }

    [[gnu::flatten]] void produce(unsigned, sender& me, word count) override {
        for (; count != 0; --count) {
            const word item = me.next();
            for (unsigned refusals = 0; !ring_.try_push(item); ++refusals) [[unlikely]] {
                relax_in_crowd(refusals);
            }
        }
    }

    [[gnu::flatten]] void consume(unsigned reader, taker& me, word count) override {
        const auto check = [&me](const word& item) { me.check(item); };
        for (unsigned refusals = 0; count != 0;) {
            const std::size_t seen = readers_[reader].consume(check, count);
            count -= seen;
            seen != 0 ? void(refusals = 0) : relax_in_crowd(refusals++);
        }
    }

private:
    Ring ring_;
    std::vector<typename Ring::reader> readers_;
};

class spsc {
public:
    explicit spsc(std::size_t capacity) : ring_(capacity) {}
    bool try_push(word item) { return static_cast<bool>(ring_.try_push(item)); }
    bool try_pop(word& item) { return static_cast<bool>(ring_.try_pop(item)); }

private:
    weir::spsc_ring<word> ring_;
};

}  // namespace

std::vector<queue_entry> weir_broadcast_queues() {
    return {{.name = "weir::broadcast_ring",
             .configuration = "try_push; gated readers, consume",
             .subject = true,
             .plays = league::broadcast,
             .sibling = "a weir::spsc_ring per reader",
             .make_fan = [](const fan_shape& shape, std::size_t capacity) -> std::unique_ptr<fan> {
                 if (shape.producers > 1) {
                     return nullptr;
                 }
                 return std::make_unique<broadcast<weir::broadcast_ring<word>>>(shape, capacity);
             }},
            {.name = "weir::broadcast_ring, many_producers",
             .configuration = "the same with the option many_producers",
             .subject = true,
             .plays = league::broadcast,
             .sibling = "a weir::spsc_ring per reader",
             .make_fan = [](const fan_shape& shape, std::size_t capacity) -> std::unique_ptr<fan> {
                 return std::make_unique<broadcast<weir::broadcast_ring<word, weir::many_producers>>>(shape, capacity);
             }},
            {.name = "a weir::spsc_ring per reader",
             .configuration = "each item is pushed into a ring of each reader, by each producer",
             .plays = league::broadcast,
             .make_fan = [](const fan_shape& shape, std::size_t capacity) -> std::unique_ptr<fan> {
                 return std::make_unique<ring_fan<spsc>>(shape, capacity);
             }}};
}

}  // namespace bench
