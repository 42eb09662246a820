// SPDX-License-Identifier: MIT
//
// Deadlines for operations that are awaited: a thread that calls back at a time. An event loop's own timers serve as well.
#pragma once

#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>

/// Gives tokens to stop at a time: co_await weir::async_pop(ring, timers.in(5ms)). What weir asks of a token is its callback_type.
class timers {
public:
    using clock = std::chrono::steady_clock;

    class token {
    public:
        template <class F>
        class callback_type;
        timers& of;
        clock::time_point when;
    };

    timers() : thread_([this] { run(); }) {}
    ~timers() {
        {
            const std::scoped_lock lock(mutex_);
            is_over_ = true;
        }
        changed_.notify_all();
        thread_.join();
    }

    token at(clock::time_point when) noexcept { return {*this, when}; }
    token in(clock::duration time) noexcept { return at(clock::now() + time); }

private:
    struct entry {
        void (*call)(entry&);
    };

    void run() {
        std::unique_lock lock(mutex_);
        while (!is_over_) {
            const auto first = due_.begin();
            if (first == due_.end()) {
                changed_.wait(lock);
            } else if (first->first > clock::now()) {
                changed_.wait_until(lock, clock::time_point(first->first));  // a copy: the entry may leave meanwhile
            } else {
                called_ = first->second;
                due_.erase(first);
                entry& now = *called_;
                lock.unlock();
                now.call(now);  // may destroy it
                lock.lock();
                called_ = nullptr;
                changed_.notify_all();
            }
        }
    }

    std::mutex mutex_;
    std::condition_variable changed_;
    std::multimap<clock::time_point, entry*> due_;
    entry* called_ = nullptr;
    bool is_over_ = false;
    std::thread thread_;  // last: it uses the others
};

/// Calls `f()` at that time, unless it is destroyed before. The destructor waits for a call that is under way, unless it is part of it.
template <class F>
class timers::token::callback_type : timers::entry {
public:
    callback_type(token t, F f)
        : entry{[](entry& me) { static_cast<callback_type&>(me).f_(); }}, of_(t.of), when_(t.when), f_(f) {
        const std::scoped_lock lock(of_.mutex_);
        of_.due_.emplace(when_, static_cast<entry*>(this));
        of_.changed_.notify_all();
    }
    ~callback_type() {
        std::unique_lock lock(of_.mutex_);
        for (auto [i, end] = of_.due_.equal_range(when_); i != end; ++i) {
            if (i->second == this) {
                of_.due_.erase(i);
                return;
            }
        }
        if (of_.thread_.get_id() != std::this_thread::get_id()) {
            of_.changed_.wait(lock, [this] { return of_.called_ != this; });
        }
    }
    callback_type(const callback_type&) = delete;
    callback_type& operator=(const callback_type&) = delete;

private:
    timers& of_;
    clock::time_point when_;
    F f_;
};
