// SPDX-License-Identifier: MIT
// Two processes send messages of any size to a third; one is killed in the middle of a message, and holds up nothing.
#include <weir/shm/message_ring.hpp>

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cstdio>
#include <string>

using ring = weir::shm::mpsc_message_ring;

// Another program, in fact, which leaves the ring when it returns. Number 0 dies while it writes message 500.
int send_lines(const std::string& name, unsigned number) {
    auto out = ring::open(name, "lines v1").attach_producer(number);
    while (out.pushed() < 1000) {
        const std::string line = "line " + std::to_string(out.pushed());
        auto message = out.reserve(line.size());
        if (!message) return 1;
        if (number == 0 && out.pushed() == 500) ::raise(SIGKILL);
        line.copy(reinterpret_cast<char*>(message.bytes().data()), line.size());
        message.commit();
    }
    return 0;
}

int main() {
    const std::string name = "weir-example-messages-" + std::to_string(::getpid());
    const ring lines = ring::create(name, 4096, "lines v1");
    auto in = lines.attach_consumer();
    for (unsigned number : {0U, 1U})
        if (::fork() == 0) ::_exit(send_lines(name, number));
    unsigned deaths = 0;
    while (in.popped() < 1500 || deaths == 0) {
        if (in.consume_one([](std::uint16_t, std::span<const std::byte>) {}) != weir::status::peer_died) continue;
        ++deaths;
        std::printf("producer %u died, its message %lu never comes\n", in.dead_producer(), in.in_doubt().value_or(0));
    }
    for (int i = 0; i < 2; ++i) ::wait(nullptr);
    std::printf("%lu messages of two processes\n", in.popped());
    return in.popped() == 1500 && deaths == 1 && in.in_doubt() == 500 ? 0 : 1;
}
