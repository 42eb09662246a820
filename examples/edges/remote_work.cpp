// SPDX-License-Identifier: MIT
// Work that goes to another machine over NATS JetStream, and no more of it than is being done: remote_work send|receive SERVERS N
// sends the numbers up to N, or adds N numbers up. Start both, in any order; kill and start either again.
#include <weir/jetstream.hpp>
#include <weir/ring.hpp>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>

namespace jet = weir::jetstream;

int send(const jet::remote_link& link, std::uint64_t until) {
    weir::spsc_ring<std::uint64_t> ring(256);
    jet::remote_producer<std::uint64_t> to(ring, link, {.journal = link.name + ".journal"});
    for (std::uint64_t n = to.first(); n < until; ++n) {
        if (!ring.push(n)) return 1;  // waits while 256 numbers are not finished over there
    }
    while (!to.finish_for(std::chrono::seconds(1)))
        if (const auto now = to.figures(); !now.failure.empty()) throw jet::error(now.failure);
    std::printf("sent up to %llu\n", static_cast<unsigned long long>(until));
    return 0;
}

int receive(const jet::remote_link& link, std::uint64_t until) {
    weir::spsc_ring<jet::remote_item<std::uint64_t>> ring(64);
    jet::remote_consumer<std::uint64_t> from(ring, link, {.window = 256});
    std::uint64_t sum = 0;
    for (std::uint64_t n = from.first(); n < until; ++n) {
        auto item = ring.pop();
        if (!item) return 1;
        sum += item->value;
        item->finish();  // only now is there credit for another one
    }
    from.stop();  // records what is finished
    std::printf("sum %llu\n", static_cast<unsigned long long>(sum));
    return 0;
}

int main(int argc, char** argv) {
    const std::string action = argc == 4 && std::atoll(argv[3]) > 0 ? argv[1] : "";
    try {
        if (action != "send" && action != "receive")
            throw jet::error("usage: remote_work send|receive SERVERS N, a number of items above 0");
        const jet::remote_link link{.servers = argv[2], .name = "remote_work"};
        return action == "send" ? send(link, std::stoull(argv[3])) : receive(link, std::stoull(argv[3]));
    } catch (const std::exception& failure) {
        std::fprintf(stderr, "remote_work: %s\n", failure.what());
        return action.empty() ? 2 : 1;
    }
}
