// SPDX-License-Identifier: MIT
#include <weir/message_ring.hpp>

#include "bench/queues/weir.hpp"

namespace bench {
namespace {

/// One message after the other by copy; in place through reservations and consume().
template <typename Ring, typename T>
class messages {
public:
    explicit messages(std::size_t capacity) : ring_(ring_bytes<T>(capacity)) {}

    bool try_push(const T& message) { return static_cast<bool>(ring_.try_push(message.used())); }
    bool try_pop(T& message) {
        const auto copy = [&](std::uint16_t, std::span<const std::byte> bytes) { message.assign(bytes); };
        return ring_.consume(copy, 1) == 1;
    }

    template <typename F>
    std::size_t write_in_place(std::size_t n, F&& f) {
        std::size_t written = 0;
        for (; written != n; ++written) {
            auto room = ring_.try_reserve(sizeof(T));
            if (!room) {
                break;
            }
            f(std::span<T>(reinterpret_cast<T*>(room.bytes().data()), 1));
            room.commit();
        }
        return written;
    }

    template <typename F>
    std::size_t read_in_place(std::size_t n, F&& f) {
        const auto visit = [&](std::uint16_t, std::span<const std::byte> bytes) {
            f(std::span<T>(reinterpret_cast<T*>(const_cast<std::byte*>(bytes.data())), 1));
        };
        return ring_.consume(visit, n);
    }

private:
    Ring ring_;
};

template <typename T>
using spsc_messages = messages<weir::spsc_message_ring<>, T>;
template <typename T>
using mpsc_messages = messages<weir::mpsc_message_ring<>, T>;

}  // namespace

std::vector<queue_entry> weir_message_queues() {
    return {{.name = "weir::spsc_message_ring",
             .configuration = "try_push, consume of one; in place: try_reserve, consume",
             .subject = true,
             .plays = league::message,
             .sibling = "weir::mpsc_message_ring",
             .make = make_message_channel<spsc_messages>},
            {.name = "weir::mpsc_message_ring",
             .configuration = "try_push, consume of one; in place: try_reserve, consume",
             .subject = true,
             .plays = league::message | league::gathering,
             .many_producers = true,
             .sibling = "weir::spsc_message_ring",
             .make = make_message_channel<mpsc_messages>}};
}

}  // namespace bench
