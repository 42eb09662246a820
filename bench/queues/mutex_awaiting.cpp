// SPDX-License-Identifier: MIT
//
// A bounded channel of coroutines as one would write it without a library: a mutex, and lists of those that wait. And the least that a
// wake-up of a thread costs: a word and a futex.
#include <condition_variable>
#include <coroutine>
#include <deque>
#include <exception>
#include <mutex>
#include <utility>

#include <weir/detail/wait/futex.hpp>

#include "bench/queues/awaiting.hpp"
#include "bench/queues/make.hpp"
#include "bench/queues/queue.hpp"

namespace bench {
namespace {

class locked_channel {
public:
    using task = begun_by_hand;

    explicit locked_channel(std::size_t capacity) : capacity_(capacity) {}

    class side;
    struct waiter {
        side& of;
        word item;
        std::coroutine_handle<> handle = {};
    };

    class side {
    public:
        explicit side(locked_channel& of) : of_(of) {}

        struct pushing : waiter {
            bool await_ready() const noexcept { return false; }
            bool await_suspend(std::coroutine_handle<> me) {
                this->handle = me;
                locked_channel& channel = this->of.of_;
                side* to_wake = nullptr;
                {
                    const std::scoped_lock lock(channel.mutex_);
                    if (!channel.popping_.empty()) {
                        waiter& other = *channel.popping_.front();
                        channel.popping_.pop_front();
                        other.item = this->item;
                        other.of.give(other.handle);
                        to_wake = &other.of;
                    } else if (channel.items_.size() < channel.capacity_) {
                        channel.items_.push_back(this->item);
                    } else {
                        channel.pushing_.push_back(this);
                        return true;
                    }
                }
                if (to_wake != nullptr) {
                    to_wake->awake_.notify_one();
                }
                return false;
            }
            void await_resume() const noexcept {}
        };
        struct popping : waiter {
            bool await_ready() const noexcept { return false; }
            bool await_suspend(std::coroutine_handle<> me) {
                this->handle = me;
                locked_channel& channel = this->of.of_;
                side* to_wake = nullptr;
                {
                    const std::scoped_lock lock(channel.mutex_);
                    if (channel.items_.empty()) {
                        channel.popping_.push_back(this);
                        return true;
                    }
                    this->item = channel.items_.front();
                    channel.items_.pop_front();
                    if (!channel.pushing_.empty()) {
                        waiter& other = *channel.pushing_.front();
                        channel.pushing_.pop_front();
                        channel.items_.push_back(other.item);
                        other.of.give(other.handle);
                        to_wake = &other.of;
                    }
                }
                if (to_wake != nullptr) {
                    to_wake->awake_.notify_one();
                }
                return false;
            }
            word await_resume() const noexcept { return this->item; }
        };

        pushing push(const word& item) { return {{*this, item}}; }
        popping pop() { return {{*this, 0}}; }

        void run(task of) {
            of.handle.resume();
            while (!of.handle.done()) {
                std::coroutine_handle<> next;
                {
                    std::unique_lock lock(ready_mutex_);
                    awake_.wait(lock, [this] { return !ready_.empty(); });
                    next = ready_.front();
                    ready_.pop_front();
                }
                next.resume();
            }
            const std::exception_ptr error = of.handle.promise().error;
            of.handle.destroy();
            if (error) {
                std::rethrow_exception(error);
            }
        }

    private:
        void give(std::coroutine_handle<> handle) {
            const std::scoped_lock lock(ready_mutex_);
            ready_.push_back(handle);
        }

        locked_channel& of_;
        std::mutex ready_mutex_;
        std::condition_variable awake_;
        std::deque<std::coroutine_handle<>> ready_;
    };

private:
    std::size_t capacity_;
    std::mutex mutex_;
    std::deque<word> items_;
    std::deque<waiter*> pushing_;
    std::deque<waiter*> popping_;
};

#if defined(__linux__)
/// One item, and a consumer that goes to sleep at once.
template <typename T>
class mailbox {
public:
    explicit mailbox(std::size_t) {}
    void push(const T& item) {
        while (full_.load(weir::detail::acquire) != 0) {
            relax();
        }
        item_ = item;
        full_.store(1, weir::detail::release);
        weir::detail::futex_wake(full_, 1);
    }
    void pop(T& item) {
        while (full_.load(weir::detail::acquire) == 0) {
            weir::detail::futex_wait(full_, 0, weir::detail::forever);
        }
        item = item_;
        full_.store(0, weir::detail::release);
    }
    std::size_t capacity() const { return 1; }

private:
    weir::detail::futex_word full_{0};
    T item_{};
};
#endif

}  // namespace

std::vector<queue_entry> mutex_awaiting_queues() {
    return {
        {.name = "mutex + deque, co_await",
         .configuration =
             "a std::mutex around a std::deque and lists of coroutines that wait; a loop on each thread, "
             "with a std::condition_variable",
         .blocking = true,
         .sleeps = true,
         .plays = league::ready | league::awaiting | league::waking,
         .make = make_awaiting_channel<locked_channel>},
#if defined(__linux__)
            {.name = "a word and a futex",
             .configuration = "one item; FUTEX_WAIT and FUTEX_WAKE, no spinning: the least that a wake-up costs",
             .blocking = true,
             .sleeps = true,
             .plays = league::waking,
             .make = make_waiting_channel<mailbox>},
#endif
    };
}

}  // namespace bench
