// SPDX-License-Identifier: MIT
#include "tools/pin/program.hpp"

#include "src/plain_text.hpp"
#include "tools/common/command.hpp"

#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>

extern char** environ;

namespace weir::tool {
namespace {

volatile std::sig_atomic_t child = 0;

extern "C" void weir_pass_on(int signal) {
    const int saved = errno;
    if (child > 0) (void)::kill(child, signal);
    errno = saved;
}

constexpr int passed_on[] = {SIGTERM, SIGHUP, SIGUSR1, SIGUSR2};
constexpr int left_to_the_child[] = {SIGINT, SIGQUIT};

void handle(int signal, void (*handler)(int)) {
    struct sigaction action {};
    action.sa_handler = handler;
    action.sa_flags = SA_RESTART;
    (void)::sigaction(signal, &action, nullptr);
}

}  // namespace

program::program(const std::vector<std::string>& words) {
    auto copies = words;
    std::vector<char*> arguments;
    for (auto& word : copies) arguments.push_back(word.data());
    arguments.push_back(nullptr);

    // The child has the default action for the signals that weir handles.
    sigset_t handled;
    sigemptyset(&handled);
    for (const int signal : passed_on) sigaddset(&handled, signal);
    for (const int signal : left_to_the_child) sigaddset(&handled, signal);
    posix_spawnattr_t attributes;
    ::posix_spawnattr_init(&attributes);
    ::posix_spawnattr_setsigdefault(&attributes, &handled);
    ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
    const int error = ::posix_spawnp(&id_, arguments.front(), nullptr, &attributes, arguments.data(), environ);
    ::posix_spawnattr_destroy(&attributes);
    if (error != 0)
        throw stop(failed, fmt::format("cannot run '{}': {}; name a program, with its folder if it is not in PATH",
                                       printable(words.front()), std::strerror(error)));
    child = id_;
    for (const int signal : passed_on) handle(signal, weir_pass_on);
    for (const int signal : left_to_the_child) handle(signal, SIG_IGN);
}

program::~program() {
    child = 0;
    for (const int signal : passed_on) handle(signal, SIG_DFL);
    for (const int signal : left_to_the_child) handle(signal, SIG_DFL);
}

bool program::has_ended() {
    int status = 0;
    if (!status_ && ::waitpid(id_, &status, WNOHANG) == id_) status_ = status;
    return status_.has_value();
}

int program::wait() {
    int status = 0;
    while (!status_) {
        if (::waitpid(id_, &status, 0) == id_)
            status_ = status;
        else if (errno != EINTR)
            return 1;
    }
    child = 0;
    return WIFEXITED(*status_) ? WEXITSTATUS(*status_) : 128 + WTERMSIG(*status_);
}

}  // namespace weir::tool
