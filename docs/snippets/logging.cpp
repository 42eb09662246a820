// SPDX-License-Identifier: MIT
#include <weir/message_ring.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <span>
#include <string>
#include <string_view>
#include <thread>

// show
class log {
public:
    // Any thread. It never waits: a line that does not fit is counted. (It may wake the writer by a system call; a real-time thread
    // takes a ring with weir::wait::sleep.)
    void line(std::string_view text) {
        if (!ring_.try_push(std::as_bytes(std::span(text)), 1)) lost_.fetch_add(1, std::memory_order_relaxed);
    }
    void finish() {
        ring_.close();  // lines that were accepted are still written
        writer_.join();
    }
    long lost() const { return lost_.load(); }
    const std::string& written() const { return written_; }

private:
    weir::mpsc_message_ring<> ring_{1 << 16};  // 64 KiB of lines, whatever their lengths
    std::atomic<long> lost_{0};
    std::string written_;
    std::thread writer_{[this] {
        const auto write = [this](std::uint16_t, std::span<const std::byte> bytes) {
            written_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size()) += '\n';
        };
        while (ring_.consume_some(write) > 0) {
        }  // a batch of lines: one write() for all of them
    }};
};
// end

int main() {
    log out;
    for (int i = 0; i < 100; ++i) out.line("line " + std::to_string(i));
    out.finish();
    return out.lost() == 0 && out.written().ends_with("line 99\n") ? 0 : 1;
}
