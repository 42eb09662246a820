// SPDX-License-Identifier: MIT
//
// A program with a thread for each of its arguments, which has the argument as its name: named_threads md strat +late. A thread
// whose argument begins with + starts 0.3 s after the others. It prints "ready" once the first ones have their names, and runs until
// it is killed, or ends with the code N of --end=N after 0.1 s.
#include <pthread.h>
#include <sys/prctl.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <latch>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace {

[[noreturn]] void live(const std::string& name, std::latch* named) {
    ::pthread_setname_np(::pthread_self(), name.c_str());
    if (named != nullptr) named->count_down();
    for (;;) std::this_thread::sleep_for(std::chrono::milliseconds(2));
}

}  // namespace

int main(int argc, char** argv) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    std::vector<std::string> first;
    std::vector<std::string> late;
    int code = -1;
    for (int i = 1; i < argc; ++i) {
        const std::string_view word = argv[i];
        if (word.starts_with("--end="))
            code = std::atoi(word.substr(6).data());
        else if (word.starts_with('+'))
            late.emplace_back(word.substr(1));
        else
            first.emplace_back(word);
    }
    std::latch named(static_cast<std::ptrdiff_t>(first.size()));
    for (const auto& name : first) std::thread([&named, name] { live(name, &named); }).detach();
    named.wait();
    std::puts("ready");
    std::fflush(stdout);
    if (code >= 0) {
        std::this_thread::sleep_for(std::chrono::milliseconds(100));
        std::_Exit(code);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    for (const auto& name : late) std::thread([name] { live(name, nullptr); }).detach();
    for (;;) std::this_thread::sleep_for(std::chrono::seconds(1));
}
