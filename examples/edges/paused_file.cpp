// SPDX-License-Identifier: MIT
//
// Plays a file. A pause reaches the file reader by backpressure alone, without a message to it.
//
//     file --> reader --> ring (capacity) --> callback, every `period` frames, like that of an audio device
//
// - The reader reads directly into the ring's slots (try_reserve, commit): no buffer of its own, no copy.
// - The callback takes what it needs and never waits: missing frames are an underrun, counted and played as silence.
// It makes no system call: with wait::sleep the reader polls for room, so that the callback need not wake it.
// - SIGUSR1 pauses the callback. The ring fills and the reader stops; memory does not grow, however long the pause.
// SIGUSR2 resumes.
// - read - played <= capacity, at every moment.
//
// The file holds frames of two 16-bit samples, least significant byte first (raw PCM, s16le, stereo); any bytes will
// do.
#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>
#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <vector>
#include <weir/ring.hpp>

#include "program.hpp"

namespace {

using namespace example;
using clock = std::chrono::steady_clock;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;

struct options {
    std::string file;
    std::size_t capacity = 16'384;
    std::size_t block = 1024;
    std::size_t period = 256;
    double rate_hz = 48'000;
    int every_ms = 0;
};

struct audio_frame {
    std::int16_t left;
    std::int16_t right;
};

using frame_ring = weir::spsc_ring<audio_frame, weir::wait::sleep>;

/// FNV-1a of the bytes so far. Reader and callback each have one; if they differ at the end, frames were lost or
/// changed.
class checksum {
public:
    void add(std::span<const audio_frame> frames) {
        for (const std::byte b : std::as_bytes(frames)) sum_ = (sum_ ^ static_cast<std::uint64_t>(b)) * 0x100000001B3;
    }
    std::uint64_t value() const { return sum_; }

private:
    std::uint64_t sum_ = 0xCBF29CE484222325;
};

/// Counters for reports, each written by one thread. Frames are counted as played before their slots are freed, so
/// that a thread that loads `read` first never sees read - played above the capacity.
struct counts {
    std::atomic<std::uint64_t> read{0};    // frames; the reader
    std::atomic<std::uint64_t> played{0};  // frames; the callback
    std::atomic<std::uint64_t> underruns{0};

    static void add(std::atomic<std::uint64_t>& counter, std::uint64_t n) {
        // relaxed: only this thread writes it; (1) release: pairs with (2)
        counter.store(counter.load(std::memory_order_relaxed) + n, std::memory_order_release);
    }
    std::string ledger(const frame_ring& ring) const {
        // (2) acquire: pairs with (1): the next load sees at least the frames played when this many were read
        const auto frames = read.load(std::memory_order_acquire);
        return fmt::format("read {} played {} underruns {} queued {}\n", frames, played.load(std::memory_order_relaxed),
                           underruns.load(std::memory_order_relaxed), ring.size_approx());
    }
};

class file {
public:
    explicit file(const std::string& name) : name_(name), fd_(::open(name.c_str(), O_RDONLY | O_CLOEXEC)) {
        if (fd_ < 0) fail("cannot open");
    }
    file(const file&) = delete;
    file& operator=(const file&) = delete;
    ~file() { ::close(fd_); }

    /// Fills the frames. Returns the number of whole frames read, which is smaller only at the end of the file.
    std::size_t read(std::span<audio_frame> into) {
        const auto bytes = std::as_writable_bytes(into);
        std::size_t done = 0;
        while (done < bytes.size()) {
            const ssize_t n = ::read(fd_, bytes.data() + done, bytes.size() - done);
            if (n < 0 && errno == EINTR) continue;
            if (n < 0) fail("cannot read");
            if (n == 0) break;
            done += static_cast<std::size_t>(n);
        }
        rest_ = done % sizeof(audio_frame);
        return done / sizeof(audio_frame);
    }

    /// Call at the end, after passing on all whole frames.
    void require_whole_frames() const {
        if (rest_ != 0)
            throw failure(
                fmt::format("'{}' ends {} bytes into a frame of {}, which were skipped; check that it is 16-bit stereo",
                            name_, rest_, sizeof(audio_frame)));
    }

private:
    [[noreturn]] void fail(const char* what) const {
        throw failure(fmt::format("{} '{}': {}", what, name_, std::strerror(errno)));
    }

    const std::string name_;
    const int fd_;
    std::size_t rest_ = 0;
};

/// The reader's thread: runs until the end of the file.
void read_file(file& from, frame_ring& ring, std::size_t block, counts& so_far, checksum& sum) {
    weir::wait::sleep::lot room(true);
    for (;;) {
        // A pause takes effect here: without room the reader does not read.
        room.wait([&] { return ring.credits() >= block; }, clock::time_point::max());
        auto slots = ring.try_reserve(block);
        const std::size_t head = from.read(slots.first());
        const std::size_t tail =
            head < slots.first().size() ? 0 : from.read(slots.second());  // part after the wrap-around
        sum.add(slots.first().first(head));
        sum.add(slots.second().first(tail));
        slots.commit(head + tail);
        counts::add(so_far.read, head + tail);
        if (head + tail < block) return from.require_whole_frames();
    }
}

/// The audio callback. Wait-free, without a system call; called by one thread.
class callback {
public:
    callback(frame_ring& ring, counts& so_far) : ring_(ring), so_far_(so_far) {}

    /// Fills `out`, with silence for missing frames. False if everything was played.
    bool operator()(std::span<audio_frame> out) {
        const bool was_closed = ring_.is_closed();  // read before the ring, so that no frame can arrive after it
        auto ready = ring_.try_peek(out.size());
        const auto first = ready.first(), second = ready.second();
        const auto rest = std::copy(second.begin(), second.end(), std::copy(first.begin(), first.end(), out.begin()));
        std::fill(rest, out.end(), audio_frame{});
        sum_.add(out.first(ready.size()));
        const std::size_t got = ready.size();
        counts::add(so_far_.played, got);
        ready.release(got);
        if (got < out.size() && !was_closed) counts::add(so_far_.underruns, 1);
        return got > 0 || !was_closed;
    }

    std::uint64_t sum() const { return sum_.value(); }

private:
    frame_ring& ring_;
    counts& so_far_;
    checksum sum_;
};

/// Simulates the device: calls back at its rate, unless it is paused.
void play(callback& wanted, const frame_ring& ring, const options& chosen, const std::atomic<bool>& paused) {
    // Starts only when there is enough to play: the ring has no room for another block.
    const std::size_t block = std::min(chosen.block, ring.capacity());
    weir::wait::sleep::lot filled(true);
    filled.wait([&] { return ring.credits() < block || ring.is_closed(); }, clock::time_point::max());
    const nanoseconds period(static_cast<nanoseconds::rep>(1e9 * static_cast<double>(chosen.period) / chosen.rate_hz));
    std::vector<audio_frame> out(chosen.period);
    auto due = clock::now();
    for (;;) {
        due = std::max(due + period,
                       clock::now() - 10 * period);  // after a delay, catch up by ten periods at most
        std::this_thread::sleep_until(due);
        if (paused.load(std::memory_order_relaxed)) continue;  // relaxed: publishes no other data
        if (!wanted(out)) return;
    }
}

/// Pauses, resumes and reports until the player has finished.
void attend(const std::atomic<bool>& done, std::atomic<bool>& paused, const sigset_t& signals, int every_ms,
            const counts& so_far, const frame_ring& ring) {
    auto report_at = clock::now();
    while (!done.load(std::memory_order_acquire)) {
        const timespec nap{0, 5'000'000};
        const int which = ::sigtimedwait(&signals, nullptr, &nap);
        if (which == SIGUSR1 || which == SIGUSR2) paused.store(which == SIGUSR1, std::memory_order_relaxed);
        if (every_ms > 0 && clock::now() >= report_at) {
            print(so_far.ledger(ring));
            report_at = clock::now() + milliseconds(every_ms);
        }
    }
}

long peak_memory_kib() {
    rusage usage{};
    return ::getrusage(RUSAGE_SELF, &usage) == 0 ? usage.ru_maxrss : 0;
}

int play_file(const options& chosen) {
    sigset_t signals;
    ::sigemptyset(&signals);
    ::sigaddset(&signals, SIGUSR1);
    ::sigaddset(&signals, SIGUSR2);
    ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);  // before any thread starts, so that all inherit the mask

    file from(chosen.file);
    frame_ring ring(chosen.capacity);
    counts so_far;
    checksum read_sum;
    callback wanted(ring, so_far);
    std::atomic<bool> paused{false}, done{false};
    std::optional<failure> why;
    {
        std::jthread reader([&] {
            try {
                read_file(from, ring, std::min(chosen.block, chosen.capacity), so_far, read_sum);
            } catch (const failure& error) {
                why = error;
            }
            ring.close();  // frames already read are still played
        });
        std::jthread player([&] {
            play(wanted, ring, chosen, paused);
            done.store(true, std::memory_order_release);
        });
        attend(done, paused, signals, chosen.every_ms, so_far, ring);
    }
    print(so_far.ledger(ring) + fmt::format("checksum {:016x} peak_memory_kib {}\n", wanted.sum(), peak_memory_kib()));
    if (why) throw failure(*why);
    if (wanted.sum() != read_sum.value())
        throw failure(
            fmt::format("the frames played have checksum {:016x}, those read {:016x}: frames were lost or changed",
                        wanted.sum(), read_sum.value()));
    return succeeded;
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app("Plays a file at the rate of a device. If the device pauses, backpressure stops the reader.",
                 "paused_file");
    options chosen;
    app.add_option("file", chosen.file, "Raw PCM: s16le, stereo; any file whose size is a multiple of 4 bytes")
        ->required();
    app.add_option("--capacity", chosen.capacity, "Capacity of the ring, in frames")
        ->capture_default_str()
        ->check(example::whole(1, 1 << 24));
    app.add_option("--block", chosen.block, "Frames that the reader reads at a time, at most the capacity")
        ->capture_default_str()
        ->check(example::whole(1, 1 << 24));
    app.add_option("--period", chosen.period, "Frames per callback of the device")
        ->capture_default_str()
        ->check(example::whole(1, 1 << 20));
    app.add_option("--rate", chosen.rate_hz, "Frames per second that the device plays")
        ->capture_default_str()
        ->check(example::between(1.0, 1e9));
    app.add_option("--every", chosen.every_ms, "Milliseconds between lines of the ledger; 0: print only the last")
        ->capture_default_str()
        ->check(example::whole(0, 3'600'000));
    app.footer(std::string(R"(Example:
  sox song.wav --type raw --encoding signed --bits 16 --channels 2 song.raw
  paused_file song.raw --every 500 &
  kill -USR1 %1        pause: reading stops at played + capacity; -USR2 resumes

)") + exit_codes);
    return run(app, argc, argv, [&] { return play_file(chosen); });
}
