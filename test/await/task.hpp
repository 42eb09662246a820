// SPDX-License-Identifier: MIT
//
// A coroutine that runs until it suspends first, and is destroyed with its object.
#pragma once

#include <coroutine>
#include <exception>
#include <utility>
#include <vector>

namespace weir_test {

class task {
public:
    struct promise_type {
        task get_return_object() noexcept { return task(std::coroutine_handle<promise_type>::from_promise(*this)); }
        std::suspend_never initial_suspend() noexcept { return {}; }
        std::suspend_always final_suspend() noexcept { return {}; }
        void return_void() noexcept {}
        void unhandled_exception() noexcept { std::terminate(); }
    };

    task(task&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
    task& operator=(task&&) = delete;
    ~task() { destroy(); }

    /// For a thread that knows that no other one runs it.
    bool is_done() const noexcept { return handle_.done(); }
    void destroy() noexcept {
        if (handle_) std::exchange(handle_, nullptr).destroy();
    }

private:
    explicit task(std::coroutine_handle<promise_type> handle) noexcept : handle_(handle) {}
    std::coroutine_handle<promise_type> handle_;
};

/// An executor that keeps what it was given until run().
struct manual_executor {
    std::vector<std::coroutine_handle<>> waiting;
    int given = 0;

    template <class F>
    void execute(F f) {
        ++given;
        waiting.push_back(f.waiting);
    }
    void run() {
        for (const auto each : std::exchange(waiting, {})) each.resume();
    }
};

}  // namespace weir_test
