// SPDX-License-Identifier: MIT
//
// Programs as a person or a script meets them: run, and held to their exit code, stdout and stderr.
#pragma once

#include <gtest/gtest.h>

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#if defined(__linux__)
#include <sys/prctl.h>
#endif

#include "test/support/eventually.hpp"

namespace weir_test {

struct outcome {
    int exit_code;  // 128 + the signal that ended it
    std::string out;
    std::string err;
};

inline std::string read_file(const std::filesystem::path& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
}

/// A program that runs beside the test. It ends with this object, or with the test's process, at the latest.
///
/// What it writes goes to files without a name, so that it never waits for the test to read.
class process {
public:
    /// `in_child` is called in the new process, its stdout and stderr in place, right before the program begins.
    explicit process(const std::string& program, std::vector<std::string> arguments,
                     const std::function<void()>& in_child = {}) {
        arguments.insert(arguments.begin(), std::filesystem::path(program).filename());
        std::vector<char*> argv;
        argv.reserve(arguments.size() + 1);
        for (auto& argument : arguments) argv.push_back(argument.data());
        argv.push_back(nullptr);
        child_ = ::fork();
        if (child_ != 0) return;
#if defined(__linux__)
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
#endif
        ::dup2(::fileno(out_), STDOUT_FILENO);
        ::dup2(::fileno(err_), STDERR_FILENO);
        ::close(::fileno(out_));
        ::close(::fileno(err_));
        if (in_child) in_child();
        ::execv(program.c_str(), argv.data());
        ::_exit(126);
    }
    process(const process&) = delete;
    process& operator=(const process&) = delete;
    ~process() {
        if (is_running()) {
            ::kill(child_, SIGKILL);
            (void)wait();
        }
        std::fclose(out_);
        std::fclose(err_);
    }

    pid_t id() const { return child_; }

    void signal(int which) const { EXPECT_EQ(::kill(child_, which), 0); }

    /// Returns when it stands still.
    void stop() const {
        signal(SIGSTOP);
        int status = 0;
        EXPECT_EQ(::waitpid(child_, &status, WUNTRACED), child_);
        EXPECT_TRUE(WIFSTOPPED(status)) << "it ended before it could be stopped";
    }

    bool is_running() {
        if (!ended_ && ::waitpid(child_, &status_, WNOHANG) == child_) ended_ = true;
        return !ended_;
    }

    /// Waits for its end; returns its exit code, or 128 + the signal that ended it.
    int wait() {
        while (!ended_) ended_ = ::waitpid(child_, &status_, 0) == child_;
        return WIFEXITED(status_) ? WEXITSTATUS(status_) : 128 + WTERMSIG(status_);
    }

    /// What it has written so far.
    std::string out() const { return content_of(out_); }
    std::string err() const { return content_of(err_); }

    outcome wait_for_outcome() {
        const int code = wait();
        return {code, out(), err()};
    }

private:
    static std::string content_of(FILE* file) {
        std::string text;
        char part[65536];
        for (ssize_t n; (n = ::pread(::fileno(file), part, sizeof part, static_cast<off_t>(text.size()))) > 0;)
            text.append(part, static_cast<std::size_t>(n));
        return text;
    }

    FILE* const out_ = std::tmpfile();
    FILE* const err_ = std::tmpfile();
    pid_t child_ = -1;
    int status_ = 0;
    bool ended_ = false;
};

/// Runs a program to its end.
inline outcome run(const std::string& program, std::vector<std::string> arguments,
                   const std::function<void()>& in_child = {}) {
    return process(program, std::move(arguments), in_child).wait_for_outcome();
}

}  // namespace weir_test
