// SPDX-License-Identifier: MIT
#include <weir/shm/message_ring.hpp>

#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <string>

using namespace std::chrono_literals;

using bytes = std::span<const std::byte>;

// show producer
bool send_orders(const std::string& name, unsigned number) {
    // Waits if the consumer has not made it yet; refused at once if it holds something else.
    auto ring = weir::shm::mpsc_message_ring::open_for(name, "orders v1", 10s);
    auto producer = ring.attach_producer(number);  // a certain end; without a number: any that no living process holds
    if (auto message = producer.in_doubt()) {
        // A producer before this one died while it wrote that message. It was not accepted: push it again.
    }
    while (producer.pushed() < 1000) {
        const std::uint64_t order = producer.pushed();
        const weir::status answer = producer.push(std::as_bytes(std::span(&order, 1)), 7);  // a copy, with a type tag
        if (answer == weir::status::peer_died) continue;  // said once; the next push waits for a new consumer
        if (!answer) return false;                        // closed, too_large or corrupted
    }
    // Or written in place: what is not committed, also by a process that dies, holds up no other one.
    auto message = producer.reserve(64, 8);
    if (!message) return false;
    message.bytes()[0] = std::byte{42};
    message.commit(1);
    return true;
}
// end

// show consumer
std::uint64_t take_orders(const std::string& name, unsigned senders) {
    // Makes the ring, or goes on with the one that is there: also after this program was killed, while its producers ran on.
    auto ring = weir::shm::mpsc_message_ring::open_or_create(name, 1 << 16, "orders v1");
    auto consumer = ring.attach_consumer();
    unsigned done = 0;
    const auto handle = [&](std::uint16_t type, bytes message) {
        if (type == 8 && message.size() == 1) ++done;
    };
    while (done < senders) {
        const weir::status answer = consumer.consume_one(handle);
        if (answer == weir::status::peer_died) {
            // consumer.dead_producer() says which; in_doubt(), which of its messages never comes. Go on with the others.
        } else if (!answer) {
            break;  // closed, and drained
        }
    }
    return consumer.popped();
}
// end

int main() {
    const std::string name = "weir-snippet-messages-" + std::to_string(::getpid());
    pid_t children[2];
    for (unsigned number = 0; number < 2; ++number) {
        children[number] = ::fork();
        if (children[number] == 0) ::_exit(send_orders(name, number) ? 0 : 1);
    }
    const std::uint64_t taken = take_orders(name, 2);
    int failed = 0;
    for (const pid_t child : children) {
        int end = 0;
        ::waitpid(child, &end, 0);
        failed |= end;
    }
    return taken == 2002 && failed == 0 ? 0 : 1;
}
