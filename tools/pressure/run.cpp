// SPDX-License-Identifier: MIT
//
// Each policy runs in a process of its own, so that its memory is not affected by the policies before it, and this
// process can show progress meanwhile.
#include "tools/common/command.hpp"
#include "tools/pressure/play.hpp"
#include "tools/pressure/watch.hpp"

#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <exception>
#include <memory>
#include <new>

namespace weir::tool::pressure {
namespace {

struct unmap {
    void operator()(board* shared) const { ::munmap(shared, sizeof(board)); }
};
using shared_board = std::unique_ptr<board, unmap>;

shared_board make_board() {
    void* const place = ::mmap(nullptr, sizeof(board), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (place == MAP_FAILED)
        throw stop(failed, fmt::format("cannot allocate memory shared with the measured process: {}; free some memory",
                                       std::strerror(errno)));
    return shared_board(new (place) board);
}

[[noreturn]] void be_the_child(const conditions& c, std::string_view policy, board& shared) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::_exit(play_or_say_why(
        [&] {
            touch(shared);
            real_host here;
            play(c, policy, here, shared);
        },
        shared));
}

}  // namespace

void touch(board& shared) {
    constexpr std::size_t page = 4096;
    auto* const bytes = reinterpret_cast<volatile char*>(&shared);
    for (std::size_t i = 0; i < sizeof(board); i += page) bytes[i] = bytes[i];
}

int play_or_say_why(const std::function<void()>& playing, board& shared) {
    const auto say = [&shared](std::string_view why) {
        why.copy(shared.end.error, sizeof shared.end.error - 1);  // the last byte stays 0
        return 1;
    };
    try {
        playing();
    } catch (const std::bad_alloc&) {
        return say("there is not enough memory; give a smaller --capacity or a shorter --burst-s");
    } catch (const std::exception& error) {
        return say(error.what());
    }
    return 0;
}

void look_until(const std::function<bool()>& has_ended, const std::function<void()>& look,
                const std::function<void(unsigned)>& sleep) {
    constexpr unsigned between_looks_us = 200'000, between_questions_us = 20'000;
    for (unsigned waited_us = 0; !has_ended(); waited_us += between_questions_us) {
        if (waited_us % between_looks_us == 0) look();
        sleep(between_questions_us);
    }
}

bool has_ended(int process, int& status) {
    const pid_t ended = ::waitpid(process, &status, WNOHANG);
    if (ended < 0)
        throw stop(failed, fmt::format("cannot wait for the measured process: {}; run it again", std::strerror(errno)));
    return ended == process;
}

void check_end(int status, const board& shared, std::string_view policy) {
    if (shared.end.error[0] != '\0') throw stop(failed, fmt::format("{}: {}", policy, shared.end.error));
    if (WIFSIGNALED(status))
        throw stop(
            failed,
            fmt::format("{}: the measured process was killed by signal {} ({}); check that there is enough memory",
                        policy, WTERMSIG(status), ::strsignal(WTERMSIG(status))));
    if (status != 0)
        throw stop(
            failed,
            fmt::format("{}: the measured process ended with exit code {}; run it again, and report it if it persists",
                        policy, WEXITSTATUS(status)));
}

outcome outcome_of(const board& shared, std::string_view policy) {
    outcome all;
    all.policy = policy;
    for (std::size_t i = 0; i != shared.end.figures; ++i)
        all.figures.push_back({shared.figures[i].key, shared.figures[i].value});
    const auto ready = shared.samples_ready.load(weir::detail::relaxed);  // relaxed: its writer has ended
    all.samples.assign(shared.samples.begin(), shared.samples.begin() + static_cast<std::ptrdiff_t>(ready));
    all.percentiles.assign(shared.percentiles.begin(),
                           shared.percentiles.begin() + static_cast<std::ptrdiff_t>(shared.end.percentiles));
    all.goodput.assign(shared.goodput.begin(),
                       shared.goodput.begin() + static_cast<std::ptrdiff_t>(shared.end.goodput));
    all.ledger = shared.end.ledger;
    all.exact = shared.end.exact;
    constexpr double held = 0.95, held_at_all = 0.5;
    const double share = std::min(shared.end.source_share, shared.end.sink_share);
    if (share < held)
        all.not_held = fmt::format(
            "{}: this machine sustained only {:.0f} % of the source's rate and {:.0f} % of the sink's; give "
            "lower rates, or give it two idle cores",
            policy, shared.end.source_share * 100, shared.end.sink_share * 100);
    all.not_held_at_all = share < held_at_all;
    return all;
}

outcome run(const conditions& c, std::string_view policy, std::size_t which, std::size_t of) {
    const auto shared = make_board();
    watcher eyes(screen::of_stderr(), plan_of(c, policy), policy, which, of);
    const pid_t child = ::fork();
    if (child < 0)
        throw stop(failed, fmt::format("cannot start a process: {}; check the limit on processes (ulimit -u)",
                                       std::strerror(errno)));
    if (child == 0) be_the_child(c, policy, *shared);
    int status = 0;
    look_until([&] { return has_ended(child, status); }, [&] { eyes.look(*shared); },
               [](unsigned us) { ::usleep(us); });
    check_end(status, *shared, policy);
    eyes.end(*shared);
    return outcome_of(*shared, policy);
}

}  // namespace weir::tool::pressure
