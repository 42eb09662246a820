// SPDX-License-Identifier: MIT
#pragma once

#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "weir/detail/base/atomic.hpp"
#include "weir/detail/base/contract.hpp"
#include "weir/detail/base/role_checker.hpp"
#include "weir/detail/shm/error.hpp"
#include "weir/detail/shm/owner.hpp"

namespace weir::detail {

/// An end that cannot be attached: a living process holds it, and `why` it has one holder.
[[noreturn]] inline void refuse_held_end(const char* name, owner holder, const std::string& why) {
    refuse_segment(shm::errc::end_held, std::string("the ") + name + "'s end is held by process " +
                                            std::to_string(holder.pid()) + ", which runs; " + why +
                                            ": end that process, or let it give the end back");
}
[[noreturn]] inline void refuse_contradiction(const char* name) {
    refuse_segment(shm::errc::damaged, std::string("the positions in the segment contradict each other, so its ") +
                                           name + " cannot go on; remove it and create it anew");
}

/// Gives an end of a mapped ring back when the handle goes; the ring's mapping stays until then. Movable.
template <class Mapped>
class held_end {
public:
    held_end(std::shared_ptr<const Mapped> in, atomic<std::uint64_t>& word, owner mine) noexcept
        : ring_(std::move(in)), word_(&word), mine_(mine) {}
    held_end(held_end&& other) noexcept
        : ring_(std::move(other.ring_)), word_(std::exchange(other.word_, nullptr)), mine_(other.mine_) {}
    held_end& operator=(held_end&& other) noexcept {
        if (this == &other) return *this;
        const held_end former(std::move(*this));
        ring_ = std::move(other.ring_);
        word_ = std::exchange(other.word_, nullptr);
        mine_ = other.mine_;
        return *this;
    }
    ~held_end() {
        if (is_held()) leave_end(*word_, mine_);
    }

    auto& state() const noexcept { return ring_->state(); }
    std::size_t capacity() const noexcept { return ring_->memory.capacity(); }
    /// Not by a handle that was moved from; nor in a child of fork(), which has a copy of this object and does not hold the end.
    bool is_held() const noexcept { return word_ != nullptr && static_cast<std::uint64_t>(::getpid()) == mine_.pid(); }
    /// In debug builds: aborts with a sentence in a child of fork().
    void check_process() const noexcept {
#if WEIR_CHECK_ROLES
        if (static_cast<std::uint64_t>(::getpid()) != mine_.pid())
            abort_with("a child of fork() uses the end of a shm ring that its parent holds; attach in the child");
#endif
    }

private:
    std::shared_ptr<const Mapped> ring_;
    atomic<std::uint64_t>* word_;
    owner mine_;
};

}  // namespace weir::detail
