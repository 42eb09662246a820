// SPDX-License-Identifier: MIT
//
// What one writes without a library.
#include <deque>
#include <mutex>

#include "make.hpp"
#include "queue.hpp"

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

}  // namespace

std::vector<queue_entry> standard_queues() {
    return {{.name = "mutex + deque",
             .configuration = "std::mutex around a std::deque",
             .make = make_channel<locked_deque>}};
}

}  // namespace bench
