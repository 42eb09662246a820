// SPDX-License-Identifier: MIT
//
// What the system knows of processes: whether one has ended, and when it began.
#pragma once

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <string_view>
#include <utility>

#include "weir/detail/shm/error.hpp"
#include "weir/detail/shm/owner.hpp"
#include "weir/detail/wait/scheduler.hpp"

namespace weir::detail {

/// What /proc says of a process.
struct process_facts {
    std::uint64_t start = 0;  // ticks after the boot
    bool is_over = false;     // ended, and its parent has not asked for its exit code yet
};

/// Reads /proc/PID/stat. Nothing if there is no such file. No allocation.
inline std::optional<process_facts> facts_of_process(std::uint64_t pid) noexcept {
    std::array<char, 40> path{};
    std::snprintf(path.data(), path.size(), "/proc/%llu/stat", static_cast<unsigned long long>(pid));
    const int file = ::open(path.data(), O_RDONLY | O_CLOEXEC);
    if (file < 0) return std::nullopt;
    std::array<char, 1024> text{};
    const ssize_t length = ::read(file, text.data(), text.size());
    ::close(file);
    if (length <= 0) return std::nullopt;
    std::string_view rest(text.data(), static_cast<std::size_t>(length));
    // The name of the program may contain anything, also parentheses: the fields begin after the last one.
    const std::size_t name_end = rest.rfind(')');
    if (name_end == rest.npos || name_end + 2 >= rest.size()) return std::nullopt;
    rest.remove_prefix(name_end + 2);
    const char state = rest.front();
    std::uint64_t threads = 0;
    process_facts facts;
    for (int field = 3; field <= 22; ++field) {  // see proc(5): 3 is the state, 20 the threads, 22 the start time
        const std::size_t end = rest.find(' ');
        const std::string_view value = rest.substr(0, end);
        if (field == 20) std::from_chars(value.data(), value.data() + value.size(), threads);
        if (field == 22) {
            const auto read = std::from_chars(value.data(), value.data() + value.size(), facts.start);
            if (read.ec != std::errc{}) return std::nullopt;
        }
        if (end == rest.npos && field < 22) return std::nullopt;
        rest.remove_prefix(end == rest.npos ? rest.size() : end + 1);
    }
    // A process whose first thread has ended looks the same while others run.
    facts.is_over = (state == 'Z' || state == 'X') && threads <= 1;
    return facts;
}

/// The calling process, as it holds an end.
inline owner this_process() {
    const auto pid = static_cast<std::uint64_t>(::getpid());
    const std::optional<process_facts> facts = facts_of_process(pid);
    if (!facts.has_value()) {
        refuse_segment(
            errc::system_error,
            "/proc/" + std::to_string(pid) +
                "/stat cannot be read, so no other process could tell whether this one lives; mount /proc, of "
                "this process's PID namespace");
    }
    return owner::of(pid, facts->start);
}

/// A number for the PID namespace of the calling process: process ids mean the same to two processes of one number.
inline std::uint64_t pid_namespace() {
    struct stat of {};
    if (::stat("/proc/self/ns/pid", &of) != 0)
        refuse_segment_by_errno("/proc/self/ns/pid cannot be read", "; mount /proc, or run a kernel with namespaces");
    return of.st_ino;
}

/// Says whether the process that holds an end has ended, stopped processes have not. Keeps a descriptor of the process that it was
/// last asked about (a pidfd), so that to ask again is one poll. One thread.
class process_watch {
public:
    process_watch() noexcept = default;
    process_watch(process_watch&& other) noexcept
        : of_(other.of_), descriptor_(std::exchange(other.descriptor_, -1)), self_(other.self_) {}
    process_watch& operator=(process_watch&& other) noexcept {
        std::swap(of_, other.of_);
        std::swap(descriptor_, other.descriptor_);
        self_ = other.self_;
        return *this;
    }
    ~process_watch() { forget(); }

    /// `self`: known to live, without a question.
    explicit process_watch(owner self) noexcept : self_(self.holder()) {}

    // Out of line: callers ask rarely.
    [[gnu::noinline]] bool is_dead(owner process) noexcept {
        if (process.holder() == self_) return false;
        if (process.holder() != of_) {
            forget();
            // First the descriptor, then the start time: so the two are of one process.
            const int opened = open_process(process.pid());
            if (opened < 0 && errno == ESRCH) return true;
            if (!runs(process)) {
                if (opened >= 0) ::close(opened);
                return true;
            }
            of_ = process.holder();
            descriptor_ = opened;
        }
        return descriptor_ >= 0 ? has_ended() : !runs(process);
    }

    /// How long a thread that waits for the peer sleeps before it asks again: so that a death is reported within 1 ms.
    static steady_time next_look(steady_time deadline) noexcept {
        const steady_time turn = std::chrono::steady_clock::now() + std::chrono::microseconds{700};
        return deadline < turn ? deadline : turn;
    }

private:
    static int open_process(std::uint64_t pid) noexcept {
#if defined(SYS_pidfd_open)
        return static_cast<int>(::syscall(SYS_pidfd_open, static_cast<pid_t>(pid), 0U));
#else
        errno = ENOSYS;
        (void)pid;
        return -1;
#endif
    }

    bool has_ended() const noexcept {
        pollfd entry{.fd = descriptor_, .events = POLLIN, .revents = 0};
        return ::poll(&entry, 1, 0) > 0;
    }

    // By its id and start time. A process that /proc hides (hidepid) is taken to live as long as its id does.
    static bool runs(owner process) noexcept {
        if (::kill(static_cast<pid_t>(process.pid()), 0) != 0 && errno == ESRCH) return false;
        const std::optional<process_facts> facts = facts_of_process(process.pid());
        if (!facts.has_value()) return ::kill(static_cast<pid_t>(process.pid()), 0) == 0 || errno != ESRCH;
        return !facts->is_over && owner::of(process.pid(), facts->start).holder() == process.holder();
    }

    void forget() noexcept {
        if (descriptor_ >= 0) ::close(descriptor_);
        descriptor_ = -1;
        of_ = 0;
    }

    std::uint64_t of_ = 0;
    int descriptor_ = -1;
    std::uint64_t self_ = 0;
};

}  // namespace weir::detail
