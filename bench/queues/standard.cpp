// SPDX-License-Identifier: MIT
//
// A bounded queue as one would write it without a library.
#include <condition_variable>
#include <deque>
#include <mutex>

#include "bench/queues/make.hpp"
#include "bench/queues/queue.hpp"

namespace bench {
namespace {

template <typename T>
class locked_deque {
public:
    explicit locked_deque(std::size_t capacity) : capacity_(capacity) {}

    bool try_push(const T& item) {
        const std::scoped_lock lock{mutex_};
        if (items_.size() == capacity_) {
            return false;
        }
        items_.push_back(item);
        return true;
    }

    bool try_pop(T& item) {
        const std::scoped_lock lock{mutex_};
        if (items_.empty()) {
            return false;
        }
        item = items_.front();
        items_.pop_front();
        return true;
    }

    std::size_t push_n(std::span<const T> items) {
        const std::scoped_lock lock{mutex_};
        const std::size_t n = std::min(items.size(), capacity_ - items_.size());
        items_.insert(items_.end(), items.begin(), items.begin() + static_cast<std::ptrdiff_t>(n));
        return n;
    }

    std::size_t pop_n(std::span<T> items) {
        const std::scoped_lock lock{mutex_};
        const auto n = static_cast<std::ptrdiff_t>(std::min(items.size(), items_.size()));
        std::copy(items_.begin(), items_.begin() + n, items.begin());
        items_.erase(items_.begin(), items_.begin() + n);
        return static_cast<std::size_t>(n);
    }

private:
    std::size_t capacity_;
    std::mutex mutex_;
    std::deque<T> items_;
};

template <typename T>
class waiting_deque {
public:
    explicit waiting_deque(std::size_t capacity) : capacity_(capacity) {}

    void push(const T& item) {
        {
            std::unique_lock lock{mutex_};
            not_full_.wait(lock, [this] { return items_.size() != capacity_; });
            items_.push_back(item);
        }
        not_empty_.notify_one();
    }

    void pop(T& item) {
        {
            std::unique_lock lock{mutex_};
            not_empty_.wait(lock, [this] { return !items_.empty(); });
            item = items_.front();
            items_.pop_front();
        }
        not_full_.notify_one();
    }

    std::size_t capacity() const { return capacity_; }

private:
    std::size_t capacity_;
    std::mutex mutex_;
    std::condition_variable not_empty_;
    std::condition_variable not_full_;
    std::deque<T> items_;
};

}  // namespace

std::vector<queue_entry> standard_queues() {
    return {{.name = "mutex + deque",
             .configuration = "std::mutex around a std::deque",
             .plays = league::transfer | league::crowd,
             .many_producers = true,
             .many_consumers = true,
             .make = make_channel<locked_deque>},
            {.name = "mutex + condvars",
             .configuration = "std::mutex and two std::condition_variable, not full and not empty, around a std::deque",
             .blocking = true,
             .sleeps = true,
             .plays = league::waiting | league::ready | league::awaiting | league::waking,
             .many_producers = true,
             .many_consumers = true,
             .make = make_waiting_channel<waiting_deque>}};
}

}  // namespace bench
