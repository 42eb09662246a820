// SPDX-License-Identifier: MIT
//
// One ring that several nodes read, each everything.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "weir/broadcast_ring.hpp"
#include "weir/detail/base/contract.hpp"
#include "weir/detail/base/tally.hpp"
#include "weir/detail/pipeline/edge.hpp"
#include "weir/detail/pipeline/graph.hpp"
#include "weir/wait.hpp"

namespace weir::detail {

/// The ring of a broadcast, whose threads wait at the bells of their nodes. Its readers join while the pipeline is built, and stay.
template <class T>
class broadcast_trunk final : public trunk<T> {
    static constexpr std::size_t most_readers = 64;
    using ring = broadcast_ring<T, wait::spin, max_readers<most_readers>>;

public:
    explicit broadcast_trunk(std::size_t capacity) : ring_(capacity) {}

    std::unique_ptr<branch<T>> join(node& reader, reader_mode mode) override {
        if (bells_.size() == most_readers) {
            reject_argument("a broadcast has " + std::to_string(most_readers) + " readers, and '" + reader.name() +
                            "' would be one more; let one of the others broadcast to it");
        }
        if (mode == reader_mode::lossy && !ring::can_be_lossy) {
            reject_argument("'" + reader.name() +
                            "' would be a lossy reader, which copies items while they may be overwritten, so T must be "
                            "trivially copyable; connect it gated");
        }
        bells_.reserve(bells_.size() + 1);
        auto joined = std::make_unique<reading>(ring_, reader.name(), mode);
        bells_.push_back(&reader.bell());
        return joined;
    }
    std::size_t readers() const noexcept override { return bells_.size(); }
    std::size_t capacity() const noexcept override { return ring_.capacity(); }

    std::size_t credits() const noexcept override { return ring_.credits(); }
    void send(T&& item) noexcept override {
        accepted_.add();
        if (!ring_.try_push(std::move(item))) abort_with("pipeline: a broadcast refused an item that had a permit");
        for (wait::park::lot* const bell : bells_) bell->notify(1);
    }
    void close() noexcept override {
        ring_.close();
        for (wait::park::lot* const bell : bells_) bell->notify_all();
    }
    std::uint64_t accepted() const noexcept override { return accepted_.read(); }

private:
    class reading final : public branch<T> {
    public:
        reading(ring& from, const std::string& name, reader_mode mode)
            : ring_(from), reader_(from.join({.name = name, .mode = mode, .after = {}, .limit = {}})) {}

        bool take(const item_taker<T>& to) override {
            const auto visit = [&to](const T& item) {
                to.in_place != nullptr ? to.in_place(to.context, item) : to.copied(to.context, T(item));
            };
            return reader_.consume(visit, 1) > 0;
        }
        std::uint64_t gap() const noexcept override { return reader_.gap(); }
        std::uint64_t lag() const noexcept override { return reader_.lag(); }
        bool is_closed() const noexcept override { return ring_.is_closed(); }

    private:
        const ring& ring_;
        typename ring::reader reader_;
    };

    ring ring_;
    std::vector<wait::park::lot*> bells_;  // of the readers
    ordered_count<false> accepted_;
};

}  // namespace weir::detail
