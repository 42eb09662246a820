// SPDX-License-Identifier: MIT
// Workers send lines to a collector; one is killed while it writes, its follower goes on, and no line is lost or doubled.
#include <weir/shm/message_ring.hpp>

#include <signal.h>
#include <unistd.h>
#include <string>

using ring = weir::shm::mpsc_message_ring;

int work(const ring& lines, unsigned number, bool dies) {
    auto out = lines.attach_producer(number);
    while (out.pushed() < 50) {
        const std::string line = std::to_string(out.pushed());
        auto message = out.reserve(line.size(), static_cast<std::uint16_t>(number));
        if (dies && out.pushed() == 13) ::raise(SIGKILL);
        if (!message) return 1;
        line.copy(reinterpret_cast<char*>(message.bytes().data()), line.size());
        message.commit();
    }
    return 0;
}

int main() {
    const ring lines = ring::create(256, "lines");
    auto in = lines.attach_consumer();
    std::uint64_t next[3] = {}, wrong = 0, deaths = 0;
    for (unsigned number = 0; number < 3; ++number)
        if (::fork() == 0) ::_exit(work(lines, number, number == 1));
    while (in.popped() < 150 && wrong == 0) {
        const weir::status answer = in.consume_one([&](std::uint16_t from, std::span<const std::byte> line) {
            wrong +=
                std::string(reinterpret_cast<const char*>(line.data()), line.size()) != std::to_string(next[from]++);
        });
        if (answer != weir::status::peer_died) continue;
        wrong += in.dead_producer() != 1 || in.in_doubt() != 13 || ++deaths != 1;
        if (::fork() == 0) ::_exit(work(lines, 1, false));
    }
    return wrong == 0 && deaths == 1 ? 0 : 1;
}
