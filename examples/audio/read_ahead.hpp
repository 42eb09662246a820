// SPDX-License-Identifier: MIT
//
// Reads a source ahead of an audio callback, into a bounded ring.
//
//     source --> reader thread --> ring of blocks --> callback
//                       ^                                |
//                       +-------- the latest order ------+
//
// - A block is a message of the ring. The reader reads directly into its place there, and the callback plays from it: no copy
//   between the two, and no block is allocated.
// - wait::sleep: the reader sleeps for at most 1 ms and looks for room again. So no thread ever needs to be woken by the callback,
//   which therefore makes no system call. With wait::park, the default, the callback would have to wake a reader that sleeps.
// - A seek gives the blocks a new generation number. Blocks of an older one are in the ring still, or just being read; the callback
//   drops them. So neither side waits for the other, and two quick seeks cannot be confused.
// - The order is a weir::latest, no ring: of several seeks only the last one matters, and a new one always fits.
#pragma once

#include <algorithm>
#include <atomic>
#include <bit>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <thread>
#include <weir/latest.hpp>
#include <weir/message_ring.hpp>

#include "source.hpp"

namespace audio {

/// What a message of the ring is. Each begins with a block_header; only `samples` has something after it.
enum class block_kind : std::uint16_t {
    samples = 1,  ///< interleaved frames
    lap_end,      ///< the end of the source; with `loops`, its beginning follows
    failure,      ///< reading failed; nothing follows until the next seek
};

struct block_header {
    std::uint64_t generation;
    std::uint64_t position;  ///< frame of the source where the block begins
};

/// What the callback wants of the reader.
struct read_order {
    std::uint64_t generation = 0;
    std::uint64_t from = 0;  ///< the first frame of this generation
    bool loops = false;
};

class read_ahead {
public:
    using ring = weir::spsc_message_ring<weir::wait::sleep>;

    /// Holds at least `frames` frames in blocks of `block_frames`, which is at most a quarter of them. Allocates.
    read_ahead(source& from, std::size_t frames, std::size_t block_frames)
        : source_(from),
          frame_bytes_(static_cast<std::size_t>(from.channels()) * sizeof(float)),
          block_frames_(block_frames),
          blocks_(bytes_for(frames)) {
        go_to(0);
    }

    // ---- the callback's side ----------------------------------------------------------------------------------

    void adopt_consumer() noexcept {
        blocks_.adopt_consumer();
        order_.adopt_writer();
    }
    ring& blocks() noexcept { return blocks_; }
    void order(const read_order& wanted) noexcept { order_.write(wanted); }

    /// Frames that were read into the ring so far. Any thread.
    std::uint64_t frames_read() const noexcept {
        return frames_read_.load(std::memory_order_acquire);  // (2) acquire: pairs with (1)
    }

    // ---- the reader's side ------------------------------------------------------------------------------------

    /// Reads one block if there is room for it. Returns whether it did something. Does not wait for room.
    bool read_one() noexcept {
        obey();
        return !is_idle_ && fill(blocks_.try_reserve(next_bytes(), type_of(next_kind())));
    }

    /// Keeps the ring full until close(). An order ends a wait for room.
    void run() noexcept {
        while (!blocks_.is_closed()) {
            obey();
            if (is_idle_) {
                std::this_thread::sleep_for(std::chrono::milliseconds(1));
            } else {
                const auto has_new_order = [this]() noexcept { return order_.version() != obeyed_; };
                (void)fill(blocks_.reserve_unless(next_bytes(), has_new_order, weir::forever, type_of(next_kind())));
            }
        }
    }

    // ---- any thread -------------------------------------------------------------------------------------------

    /// Ends run().
    void close() noexcept { blocks_.close(); }
    bool is_closed() const noexcept { return blocks_.is_closed(); }

    /// Whether a read or seek of the source has failed.
    bool has_failed() const noexcept { return has_failed_.load(std::memory_order_relaxed); }  // relaxed: a flag alone

    /// More frames than this are never ahead of the callback.
    std::size_t most_frames() const noexcept { return blocks_.capacity_bytes() / frame_bytes_; }

private:
    // One block more, since a block that would pass the end of the ring's memory begins at the start.
    std::size_t bytes_for(std::size_t frames) const noexcept {
        const std::size_t blocks = (frames + block_frames_ - 1) / block_frames_ + 1;
        return std::bit_ceil(blocks * ring::bytes_for_message(sizeof(block_header) + block_frames_ * frame_bytes_));
    }

    void obey() noexcept {
        if (const auto wanted = order_.read_if_newer(obeyed_)) {
            loops_ = wanted->loops;
            if (wanted->generation != generation_) {
                generation_ = wanted->generation;
                go_to(std::min(wanted->from, source_.frames()));
            }
        }
        if (is_idle_ && loops_ && !is_broken_) go_to(0);
    }

    void go_to(std::uint64_t frame) noexcept {
        next_ = frame;
        is_idle_ = false;
        is_broken_ = frame < source_.frames() && !source_.seek(frame);
        has_failed_.store(is_broken_, std::memory_order_relaxed);  // relaxed: a flag alone
    }

    block_kind next_kind() const noexcept {
        if (is_broken_) return block_kind::failure;
        return next_ == source_.frames() ? block_kind::lap_end : block_kind::samples;
    }
    std::size_t next_frames() const noexcept {
        if (next_kind() != block_kind::samples) return 0;
        return static_cast<std::size_t>(std::min<std::uint64_t>(block_frames_, source_.frames() - next_));
    }
    std::size_t next_bytes() const noexcept { return sizeof(block_header) + next_frames() * frame_bytes_; }
    static std::uint16_t type_of(block_kind kind) noexcept { return static_cast<std::uint16_t>(kind); }

    template <class Reservation>
    bool fill(Reservation&& room) noexcept {
        if (!room) return false;
        const block_header header{generation_, next_};
        std::memcpy(room.bytes().data(), &header, sizeof header);
        if (next_kind() != block_kind::samples) {
            room.commit();
            has_failed_.store(is_broken_, std::memory_order_relaxed);  // relaxed: a flag alone
            is_idle_ = is_broken_ || !loops_;
            if (!is_idle_) go_to(0);
            return true;
        }
        // A message begins at a multiple of 8 bytes, and so do the samples behind its header.
        const std::size_t wanted = next_frames();
        const std::size_t got = source_.read(reinterpret_cast<float*>(room.bytes().data() + sizeof header), wanted);
        is_broken_ = got < wanted;
        next_ += got;
        if (got > 0) room.commit(sizeof header + got * frame_bytes_);
        // (1) release: pairs with (2): frames that are counted can be taken out of the ring
        frames_read_.store(frames_read_.load(std::memory_order_relaxed) + got, std::memory_order_release);
        return true;
    }

    source& source_;
    const std::size_t frame_bytes_;
    const std::size_t block_frames_;
    ring blocks_;
    weir::latest<read_order> order_;
    std::atomic<std::uint64_t> frames_read_{0};  // the reader writes it
    std::atomic<bool> has_failed_{false};        // the reader writes it

    // The reader's own.
    std::uint64_t obeyed_ = 0;  // version of the order
    std::uint64_t generation_ = 0;
    std::uint64_t next_ = 0;  // frame of the source that is read next
    bool loops_ = false;
    bool is_idle_ = false;    // until the next order
    bool is_broken_ = false;  // until the next seek
};

}  // namespace audio
