// SPDX-License-Identifier: MIT
#include "instruments/other_process.hpp"

#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#if defined(__linux__)
#include <sys/prctl.h>
#endif

#include <cerrno>
#include <new>
#include <stdexcept>
#include <string>
#include <system_error>

#include "instruments/crew.hpp"

namespace bench {
namespace {

/// Asks rarely: the child needs this core.
int end_of_child(pid_t child) {
    int end = 0;
    for (;;) {
        const pid_t seen = ::waitpid(child, &end, WNOHANG);
        if (seen == child) return end;
        if (seen < 0 && errno != EINTR) throw std::system_error(errno, std::generic_category(), "waitpid");
        if (called_off->load(std::memory_order_relaxed)) {
            ::kill(child, SIGKILL);
            ::waitpid(child, &end, 0);
            give_up();
        }
        const timespec a_while{0, 2'000'000};
        ::nanosleep(&a_while, nullptr);
    }
}

}  // namespace

void in_other_process(const std::function<void()>& job) {
    const pid_t child = ::fork();
    if (child < 0) throw std::system_error(errno, std::generic_category(), "fork");
    if (child == 0) {
#if defined(__linux__)
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
#endif
        try {
            job();
        } catch (...) {
            ::_exit(1);
        }
        ::_exit(0);  // without destructors: they belong to the parent
    }
    const int end = end_of_child(child);
    if (end != 0) {
        throw std::runtime_error(WIFSIGNALED(end)
                                     ? "the second process of a sample ended by signal " + std::to_string(WTERMSIG(end))
                                     : "the second process of a sample could not use the queue");
    }
}

std::shared_ptr<starting_line> line_between_processes() {
    void* const memory =
        ::mmap(nullptr, sizeof(starting_line), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) throw std::bad_alloc();
    return {::new (memory) starting_line, [](starting_line* line) { ::munmap(line, sizeof *line); }};
}

}  // namespace bench
