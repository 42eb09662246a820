// SPDX-License-Identifier: MIT
//
// How a stage of a pipeline (pipeline.hpp) that has several outputs shares its items among them.
#pragma once

#include <chrono>

namespace weir::split {

/// Each output gets every item: fan-out. T must be copyable where there are several outputs. The stage is as fast as
/// the slowest of them, since none may miss an item and none may queue without bound.
struct to_all {};

/// Each item goes to one output, the next in turn that has room: work for equal hands. Waits when none has.
struct in_turn {};

/// Each item goes to one output, the one with room where the fewest items are queued. Waits when none has.
struct least_loaded {};

/// Items of one key go to one output, `key(item)` modulo the number of outputs, and so stay in order.
///
/// If that output is full, the stage holds the item already, since the key is known only from the item; and while it holds the item it
/// takes no other. `patience` says how long it holds it:
///
/// - block_for_ever: nothing is lost, and a frozen output stops the others.
/// - a time: an output that is merely slow slows the stage down, as any full edge does. One that has taken nothing for
///   that long counts as stuck: the item in hand is shed, and so is every other for that output, at once, until it has
///   room again. The others wait that long at most before they go on.
/// - shed_at_once: others never wait. What comes for a full output is shed, also when its thread is merely not awake
///   yet: the edge's capacity is the burst that an output can take.
///
/// What is shed is destroyed and counted (stage_ledger::shed). Keys that share an output share its fate, since one
/// thread serves them: give what must not suffer with others an output of its own.
template <class Key>
struct by_key {
    Key key;
    std::chrono::nanoseconds patience;
};
template <class Key>
by_key(Key, std::chrono::nanoseconds) -> by_key<Key>;

inline constexpr std::chrono::nanoseconds block_for_ever = std::chrono::nanoseconds::max();
inline constexpr std::chrono::nanoseconds shed_at_once = std::chrono::nanoseconds::zero();

}  // namespace weir::split
