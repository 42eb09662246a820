// SPDX-License-Identifier: MIT
//
// The simplest coroutine: it runs until it suspends first, and ends by itself. A library of tasks has better ones.
#pragma once

#include <coroutine>
#include <exception>

struct detached {
    struct promise_type {
        detached get_return_object() noexcept { return {}; }
        std::suspend_never initial_suspend() noexcept { return {}; }
        std::suspend_never final_suspend() noexcept { return {}; }
        void return_void() noexcept {}
        void unhandled_exception() noexcept { std::terminate(); }
    };
};
