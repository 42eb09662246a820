// SPDX-License-Identifier: MIT
#include "tools/pin/program.hpp"

#include "src/plain_text.hpp"
#include "tools/common/command.hpp"
#include "tools/common/hwloc_messages.hpp"

#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <initializer_list>
#include <utility>
#include <vector>

namespace weir::tool {
namespace {

volatile std::sig_atomic_t child = 0;

extern "C" void weir_pass_on(int signal) {
    const int saved = errno;
    if (child > 0) (void)::kill(child, signal);
    errno = saved;
}

// Of these, those that are not ignored.
std::vector<int> not_ignored(std::initializer_list<int> signals) {
    std::vector<int> found;
    for (const int signal : signals) {
        struct sigaction now {};
        if (::sigaction(signal, nullptr, &now) == 0 && now.sa_handler != SIG_IGN) found.push_back(signal);
    }
    return found;
}

sigset_t set_of(const std::vector<int>& signals) {
    sigset_t set;
    sigemptyset(&set);
    for (const int signal : signals) sigaddset(&set, signal);
    return set;
}

}  // namespace

program::program(const std::vector<std::string>& words) {
    auto copies = words;
    std::vector<char*> arguments;
    for (auto& word : copies) arguments.push_back(word.data());
    arguments.push_back(nullptr);

    const auto passed_on = not_ignored({SIGTERM, SIGHUP, SIGUSR1, SIGUSR2});
    const auto left_to_the_child = not_ignored({SIGINT, SIGQUIT});
    auto handled = passed_on;
    handled.insert(handled.end(), left_to_the_child.begin(), left_to_the_child.end());
    // Held back until there is a child to pass them on to. The child gets them, and has the default action for them.
    const sigset_t held = set_of(handled);
    sigset_t before;
    ::sigprocmask(SIG_BLOCK, &held, &before);
    posix_spawnattr_t attributes;
    ::posix_spawnattr_init(&attributes);
    ::posix_spawnattr_setsigdefault(&attributes, &held);
    ::posix_spawnattr_setsigmask(&attributes, &before);
    ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
    auto environment = environment_of_programs();
    const int error =
        ::posix_spawnp(&id_, arguments.front(), nullptr, &attributes, arguments.data(), environment.data());
    ::posix_spawnattr_destroy(&attributes);
    if (error == 0) {
        child = id_;
        const auto handle = [this](int signal, void (*handler)(int)) {
            struct sigaction action {};
            action.sa_handler = handler;
            action.sa_flags = SA_RESTART;
            (void)::sigaction(signal, &action, &former_.emplace_back(signal, action).second);
        };
        for (const int signal : passed_on) handle(signal, weir_pass_on);
        for (const int signal : left_to_the_child) handle(signal, SIG_IGN);
    }
    ::sigprocmask(SIG_SETMASK, &before, nullptr);
    if (error != 0)
        throw stop(failed, fmt::format("cannot run '{}': {}; name a program, with its folder if it is not in PATH",
                                       printable(words.front()), std::strerror(error)));
}

program::~program() {
    child = 0;
    for (const auto& [signal, action] : former_) (void)::sigaction(signal, &action, nullptr);
}

// Its id may be another process's from now on.
void program::note_end(int status) noexcept {
    child = 0;
    status_ = status;
}

bool program::has_ended() {
    int status = 0;
    if (!status_ && ::waitpid(id_, &status, WNOHANG) == id_) note_end(status);
    return status_.has_value();
}

int program::wait() {
    int status = 0;
    while (!status_) {
        if (::waitpid(id_, &status, 0) == id_)
            note_end(status);
        else if (errno != EINTR)
            return 1;
    }
    return WIFEXITED(*status_) ? WEXITSTATUS(*status_) : 128 + WTERMSIG(*status_);
}

}  // namespace weir::tool
