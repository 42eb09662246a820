// SPDX-License-Identifier: MIT
//
// An end of every family, for tests of what select() promises of all of them. One thread has the end: it calls prepare(), end() and
// use(). Another one calls make_ready(), which makes it ready once.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include "weir/broadcast_ring.hpp"
#include "weir/handles.hpp"
#include "weir/message_ring.hpp"
#include "weir/overflow.hpp"
#include "weir/overflow_messages.hpp"
#include "weir/pull.hpp"
#include "weir/ring.hpp"
#include "weir/select.hpp"

namespace weir_test {

// ---- items -------------------------------------------------------------------------------------------------------

template <class Ring>
struct items_of_ring {
    Ring ring{2};
    void prepare() {
        if constexpr (Ring::has_credit_on_request) ring.request(2);
    }
    auto end() { return weir::items_of(ring); }
    void make_ready() { (void)ring.push(7); }
    bool use() { return ring.try_pop() == 7; }
    void close() { ring.close(); }
};
template <class Wait>
struct spsc_items : items_of_ring<weir::spsc_ring<int, Wait>> {
    static constexpr const char* name = "spsc_items";
};
template <class Wait>
struct mpmc_items : items_of_ring<weir::mpmc_ring<int, Wait>> {
    static constexpr const char* name = "mpmc_items";
};
template <class Wait>
struct strict_items : items_of_ring<weir::strict_mpmc_ring<int, Wait>> {
    static constexpr const char* name = "strict_items";
};
template <class Wait>
struct pull_spsc_items : items_of_ring<weir::pull::spsc_ring<int, Wait>> {
    static constexpr const char* name = "pull_spsc_items";
};
template <class Wait>
struct pull_mpmc_items : items_of_ring<weir::pull::mpmc_ring<int, Wait>> {
    static constexpr const char* name = "pull_mpmc_items";
};
template <class Wait>
struct block_items : items_of_ring<weir::overflow_ring<int, weir::overflow::block, Wait>> {
    static constexpr const char* name = "block_items";
};
template <class Wait>
struct drop_oldest_items : items_of_ring<weir::overflow_ring<int, weir::overflow::drop_oldest, Wait>> {
    static constexpr const char* name = "drop_oldest_items";
};
struct class_of_number {
    std::size_t operator()(int n) const noexcept { return n > 5 ? 1 : 0; }
};
template <class Wait>
struct shed_lowest_items
    : items_of_ring<weir::overflow_ring<int, weir::overflow::shed_lowest<2, class_of_number>, Wait>> {
    static constexpr const char* name = "shed_lowest_items";
};

template <class Wait>
struct received_items {
    static constexpr const char* name = "received_items";
    weir::handles<weir::spsc_ring<int, Wait>> both = weir::channel<weir::spsc_ring<int, Wait>>(2);
    void prepare() {}
    auto& end() { return both.rx; }
    void make_ready() { (void)both.tx.push(7); }
    bool use() { return both.rx.try_pop() == 7; }
    void close() { both.tx.reset(); }
};

template <class Ring>
struct messages_of_ring {
    Ring ring{256};
    void prepare() {}
    auto end() { return weir::items_of(ring); }
    void make_ready() { (void)ring.push(std::as_bytes(std::span(text))); }
    bool use() {
        std::size_t size = 0;
        const auto visit = [&size](std::uint16_t, std::span<const std::byte> bytes) { size = bytes.size(); };
        return ring.try_consume_one(visit) == weir::status::success && size == text.size();
    }
    void close() { ring.close(); }
    std::array<char, 20> text{};
};
template <class Wait>
struct spsc_messages : messages_of_ring<weir::spsc_message_ring<Wait>> {
    static constexpr const char* name = "spsc_messages";
};
template <class Wait>
struct dropping_messages : messages_of_ring<weir::overflow_message_ring<weir::overflow::drop_oldest, Wait>> {
    static constexpr const char* name = "dropping_messages";
};
template <class Wait>
struct mpsc_messages : messages_of_ring<weir::mpsc_message_ring<Wait>> {
    static constexpr const char* name = "mpsc_messages";
};

template <class Wait, weir::reader_mode Mode>
struct items_of_reader {
    weir::broadcast_ring<int, Wait> ring{2};
    typename weir::broadcast_ring<int, Wait>::reader reader = ring.join({.mode = Mode});
    void prepare() {}
    auto& end() { return reader; }
    void make_ready() { (void)ring.push(7); }
    bool use() { return reader.try_pop() == 7; }
    void close() { ring.close(); }
};
template <class Wait>
struct gated_items : items_of_reader<Wait, weir::reader_mode::gated> {
    static constexpr const char* name = "gated_items";
};
template <class Wait>
struct lossy_items : items_of_reader<Wait, weir::reader_mode::lossy> {
    static constexpr const char* name = "lossy_items";
};
/// A reader after another one: it sees what that one has read.
template <class Wait>
struct late_items {
    static constexpr const char* name = "late_items";
    weir::broadcast_ring<int, Wait> ring{2};
    typename weir::broadcast_ring<int, Wait>::reader elder = ring.join();
    typename weir::broadcast_ring<int, Wait>::reader reader = ring.join({.after = {&elder}});
    void prepare() {}
    auto& end() { return reader; }
    void make_ready() {
        (void)ring.push(7);
        (void)elder.pop();
    }
    bool use() { return reader.try_pop() == 7; }
    void close() { ring.close(); }
};

// ---- room --------------------------------------------------------------------------------------------------------

template <class Ring>
struct room_in_ring {
    Ring ring{2};
    void prepare() {
        while (ring.try_push(1)) continue;
    }
    auto end() { return weir::room_in(ring); }
    void make_ready() { (void)ring.pop(); }
    bool use() { return ring.try_push(7) == weir::status::success; }
    void close() { ring.close(); }
};
template <class Wait>
struct spsc_room : room_in_ring<weir::spsc_ring<int, Wait>> {
    static constexpr const char* name = "spsc_room";
};
template <class Wait>
struct mpmc_room : room_in_ring<weir::mpmc_ring<int, Wait>> {
    static constexpr const char* name = "mpmc_room";
};
template <class Wait>
struct strict_room : room_in_ring<weir::strict_mpmc_ring<int, Wait>> {
    static constexpr const char* name = "strict_room";
};
template <class Wait>
struct block_room : room_in_ring<weir::overflow_ring<int, weir::overflow::block, Wait>> {
    static constexpr const char* name = "block_room";
};
template <class Wait>
struct reject_room : room_in_ring<weir::overflow_ring<int, weir::overflow::reject, weir::many_producers, Wait>> {
    static constexpr const char* name = "reject_room";
};

/// Credit on request: ready when the consumer asks.
template <class Ring>
struct credit_of_ring {
    Ring ring{2};
    void prepare() {}
    auto end() { return weir::room_in(ring); }
    void make_ready() { ring.request(1); }
    bool use() { return ring.try_push(7) == weir::status::success; }
    void close() { ring.close(); }
};
template <class Wait>
struct pull_spsc_room : credit_of_ring<weir::pull::spsc_ring<int, Wait>> {
    static constexpr const char* name = "pull_spsc_room";
};
template <class Wait>
struct pull_mpmc_room : credit_of_ring<weir::pull::mpmc_ring<int, Wait>> {
    static constexpr const char* name = "pull_mpmc_room";
};
template <class Wait>
struct pull_strict_room : credit_of_ring<weir::pull::strict_mpmc_ring<int, Wait>> {
    static constexpr const char* name = "pull_strict_room";
};

template <class Wait>
struct sender_room {
    static constexpr const char* name = "sender_room";
    weir::handles<weir::mpmc_ring<int, Wait>> both = weir::channel<weir::mpmc_ring<int, Wait>>(1);
    void prepare() { (void)both.tx.try_push(1); }
    auto& end() { return both.tx; }
    void make_ready() { (void)both.rx.pop(); }
    bool use() { return both.tx.try_push(7) == weir::status::success; }
    void close() { both.rx.reset(); }
};

template <class Ring>
struct room_for_messages {
    static constexpr std::size_t size = 100;
    Ring ring{256};
    void prepare() {
        while (ring.try_push(std::span<const std::byte>(bytes))) continue;
    }
    auto end() { return weir::room_in(ring, size); }
    void make_ready() {
        // One message, whose room is enough: the other thread may be pushing by now.
        while (ring.consume([](std::uint16_t, std::span<const std::byte>) {}, 1) == 0) continue;
    }
    bool use() { return ring.try_push(std::span<const std::byte>(bytes)) == weir::status::success; }
    void close() { ring.close(); }
    std::array<std::byte, size> bytes{};
};
template <class Wait>
struct spsc_message_room : room_for_messages<weir::spsc_message_ring<Wait>> {
    static constexpr const char* name = "spsc_message_room";
};
template <class Wait>
struct mpsc_message_room : room_for_messages<weir::mpsc_message_ring<Wait>> {
    static constexpr const char* name = "mpsc_message_room";
};
template <class Wait>
struct block_message_room : room_for_messages<weir::overflow_message_ring<weir::overflow::block, Wait>> {
    static constexpr const char* name = "block_message_room";
};

template <class Wait, class Producers>
struct room_before_readers {
    weir::broadcast_ring<int, Wait, Producers> ring{1};
    typename weir::broadcast_ring<int, Wait, Producers>::reader reader = ring.join();
    void prepare() { (void)ring.try_push(1); }
    auto end() { return weir::room_in(ring); }
    void make_ready() { (void)reader.pop(); }
    bool use() { return ring.try_push(7) == weir::status::success; }
    void close() { ring.close(); }
};
template <class Wait>
struct broadcast_room : room_before_readers<Wait, weir::one_producer> {
    static constexpr const char* name = "broadcast_room";
};
template <class Wait>
struct broadcast_many_room : room_before_readers<Wait, weir::many_producers> {
    static constexpr const char* name = "broadcast_many_room";
};

}  // namespace weir_test
