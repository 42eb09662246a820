// SPDX-License-Identifier: MIT
//
// Threads that work together. When one of them fails, the others are stopped, and the first failure is what join() throws.
#pragma once

#include <exception>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace trading {

class crew {
public:
    /// `begin(name)` runs at the start of each thread: it may pin it. `stop_all` makes every body return, now and later.
    crew(std::function<void(const std::string&)> begin, std::function<void()> stop_all)
        : begin_(std::move(begin)), stop_all_(std::move(stop_all)) {}
    crew(const crew&) = delete;
    crew& operator=(const crew&) = delete;
    ~crew() {
        if (!threads_.empty()) stop_all_();
        wait();
    }

    /// Runs `body()` in a thread.
    template <class Body>
    void start(std::string name, Body body) {
        threads_.emplace_back([this, name = std::move(name), body = std::move(body)]() mutable {
            try {
                begin_(name);
                body();
            } catch (...) {
                const std::lock_guard lock(mutex_);
                if (!failure_) failure_ = std::current_exception();
                stop_all_();
            }
        });
    }

    void join() {
        wait();
        if (failure_) std::rethrow_exception(failure_);
    }

private:
    void wait() {
        for (std::thread& one : threads_) one.join();
        threads_.clear();
    }

    std::function<void(const std::string&)> begin_;
    std::function<void()> stop_all_;
    std::mutex mutex_;
    std::exception_ptr failure_;
    std::vector<std::thread> threads_;
};

}  // namespace trading
