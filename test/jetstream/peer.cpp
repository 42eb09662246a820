// SPDX-License-Identifier: MIT
//
// One end of a link as a process of its own, to be killed and started again by the tests.
//
//     jetstream_peer produce SERVERS LINK JOURNAL COUNT CAPACITY     sends the numbers from 0 on, COUNT of them, some thousand a
//                                                                    second; writes how many the link accepted at the end
//     jetstream_peer consume SERVERS LINK LEDGER  COUNT WINDOW       appends each to the file LEDGER, then finishes it
//
// The consumer's application keeps its place with its results: the ledger's length says which item comes next.
#include <weir/jetstream.hpp>
#include <weir/ring.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <string>
#include <thread>

namespace {

using namespace std::chrono_literals;
namespace jet = weir::jetstream;

int produce(const jet::remote_link& link, const std::string& journal, std::uint64_t count, std::size_t capacity) {
    weir::spsc_ring<std::uint64_t> ring(capacity);
    jet::remote_producer<std::uint64_t> to(ring, link, {.journal = journal});
    for (std::uint64_t number = to.first(); number < count; ++number) {
        while (!ring.push_for(number, 100ms))
            if (const auto now = to.figures(); !now.failure.empty()) {
                std::fprintf(stderr, "%s\n", now.failure.c_str());
                return 1;
            }
        if (number % 8 == 0) std::this_thread::sleep_for(2ms);
    }
    while (!to.finish_for(1s))
        if (const auto now = to.figures(); !now.failure.empty()) {
            std::fprintf(stderr, "%s\n", now.failure.c_str());
            return 1;
        }
    std::printf("accepted %llu\n", static_cast<unsigned long long>(to.figures().finished));
    return 0;
}

int consume(const jet::remote_link& link, const std::string& path, std::uint64_t count, std::size_t window) {
    const int ledger = ::open(path.c_str(), O_RDWR | O_CREAT | O_APPEND, 0666);
    struct stat found {};
    if (ledger < 0 || ::fstat(ledger, &found) != 0) return 1;
    const auto written = static_cast<std::uint64_t>(found.st_size) / sizeof(std::uint64_t);
    if (::ftruncate(ledger, static_cast<off_t>(written * sizeof(std::uint64_t))) != 0) return 1;
    weir::spsc_ring<jet::remote_item<std::uint64_t>> ring(window / 2 + 1);
    jet::remote_consumer<std::uint64_t> from(ring, link, {.window = window, .resume_at = written});
    jet::remote_item<std::uint64_t> item;
    for (std::uint64_t next = written; next < count;) {
        if (!ring.pop_for(item, 100ms)) {
            if (const auto now = from.figures(); !now.failure.empty()) {
                std::fprintf(stderr, "%s\n", now.failure.c_str());
                return 1;
            }
            continue;
        }
        if (::write(ledger, &item.value, sizeof(item.value)) != sizeof(item.value)) return 1;
        item.finish();
        ++next;
    }
    while (from.figures().recorded < count && from.figures().failure.empty()) std::this_thread::sleep_for(5ms);
    from.stop();
    ::close(ledger);
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 7) {
        std::fprintf(stderr, "jetstream_peer: produce|consume SERVERS LINK FILE COUNT SLOTS\n");
        return 2;
    }
    try {
        const jet::remote_link link{
            .servers = argv[2], .name = argv[3], .items_per_message = 16, .attach_timeout = 120s};
        const std::string file = argv[4];
        const std::uint64_t count = std::stoull(argv[5]);
        const std::size_t slots = std::stoull(argv[6]);
        return std::string(argv[1]) == "produce" ? produce(link, file, count, slots)
                                                 : consume(link, file, count, slots);
    } catch (const std::exception& failure) {
        std::fprintf(stderr, "%s\n", failure.what());
        return 1;
    }
}
