// SPDX-License-Identifier: MIT
//
// The mistake that the tests of the examples must notice: a queue without a bound behind a ring, so that the ring is
// never full. Whoever looks at the ring sees nothing of it; only what was accepted and is not finished tells.
//
// Included by the compiler in front of an example (-include), whose source stays as it is: the names of the rings that
// it uses between its edges mean leaking ones then. A ring with wait::park is left alone.
#pragma once

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <span>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "weir/ring.hpp"

namespace weir {

/// A ring whose items a thread carries off to a queue as soon as they are there. Producers have the ring; consumers
/// have the queue, in so far as the examples use it.
template <class Ring>
class leaking_ring {
public:
    using T = typename Ring::value_type;

    explicit leaking_ring(std::size_t capacity) : ring_(capacity), pump_([this] { leak(); }) {}
    ~leaking_ring() {
        ring_.close();
        pump_.join();
        ::close(fd_);
    }

    template <class U>
    status push(U&& value) {
        return ring_.push(std::forward<U>(value));
    }
    template <class U>
    status try_push(U&& value) {
        return ring_.try_push(std::forward<U>(value));
    }
    auto try_reserve(std::size_t n) { return ring_.try_reserve(n); }
    void close() { ring_.close(); }
    std::size_t capacity() const { return ring_.capacity(); }
    std::size_t credits() const { return ring_.credits(); }
    std::size_t size_approx() const { return ring_.size_approx(); }

    int items_fd() const { return fd_; }
    bool is_closed() const {
        const std::lock_guard lock(mutex_);
        return over_;
    }
    status try_pop(T& out) {
        const std::lock_guard lock(mutex_);
        return take(out);
    }
    status pop(T& out) {
        std::unique_lock lock(mutex_);
        there_is_more_.wait(lock, [this] { return !queue_.empty() || over_; });
        return take(out);
    }

    struct peeked {
        leaking_ring& from;
        std::vector<T> items;
        std::span<T> first() { return items; }
        std::span<T> second() { return {}; }
        std::size_t size() const { return items.size(); }
        void release(std::size_t n) {
            const std::lock_guard lock(from.mutex_);
            from.queue_.erase(from.queue_.begin(), from.queue_.begin() + static_cast<std::ptrdiff_t>(n));
        }
    };
    peeked try_peek(std::size_t n) {
        const std::lock_guard lock(mutex_);
        const auto end = queue_.begin() + static_cast<std::ptrdiff_t>(std::min(n, queue_.size()));
        return {*this, std::vector<T>(queue_.begin(), end)};
    }

private:
    void leak() {
        for (T item; ring_.pop(item);) {
            const std::lock_guard lock(mutex_);
            queue_.push_back(std::move(item));
            signal();
        }
        const std::lock_guard lock(mutex_);
        over_ = true;
        signal();
    }
    void signal() {
        const std::uint64_t one = 1;
        (void)!::write(fd_, &one, sizeof one);
        there_is_more_.notify_all();
    }
    status take(T& out) {
        if (queue_.empty()) {
            std::uint64_t ignored = 0;
            if (!over_) (void)!::read(fd_, &ignored, sizeof ignored);
            return over_ ? status::closed : status::empty;
        }
        out = std::move(queue_.front());
        queue_.pop_front();
        return status::success;
    }

    Ring ring_;
    mutable std::mutex mutex_;
    std::condition_variable there_is_more_;
    std::deque<T> queue_;
    bool over_ = false;  // the ring is closed, and drained into the queue
    const int fd_ = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    std::thread pump_;
};

template <class T, class Wait = wait::park>
using leaking_spsc_ring =
    std::conditional_t<std::is_same_v<Wait, wait::park>, spsc_ring<T, Wait>, leaking_ring<spsc_ring<T, Wait>>>;
template <class T>
using leaking_mpsc_ring = leaking_ring<mpsc_ring<T>>;

}  // namespace weir

#define spsc_ring leaking_spsc_ring
#define mpsc_ring leaking_mpsc_ring
