// SPDX-License-Identifier: MIT
//
// To push and to pop an item whatever it takes, in the same way for every queue: one that refuses is tried again after the same pause;
// one that blocks does so inside.
#pragma once

#include "bench/queues/adapter.hpp"
#include "instruments/spin.hpp"

namespace bench {

template <typename Queue, typename T>
class retrying {
protected:
    template <typename End>
    static void put(End& end, const T& item) {
        if constexpr (try_queue<Queue, T>) {
            while (!end.try_push(item)) [[unlikely]] {
                relax();
            }
        } else {
            end.push(item);
        }
    }

    template <typename End>
    static void get(End& end, T& item) {
        if constexpr (try_queue<Queue, T>) {
            while (!end.try_pop(item)) [[unlikely]] {
                relax();
            }
        } else {
            end.pop(item);
        }
    }

    template <typename End>
    static void put_in_crowd(End& end, const T& item) {
        if constexpr (try_queue<Queue, T>) {
            for (unsigned refusals = 0; !end.try_push(item); ++refusals) [[unlikely]] {
                relax_in_crowd(refusals);
            }
        } else {
            end.push(item);
        }
    }

    template <typename End>
    static void get_in_crowd(End& end, T& item) {
        if constexpr (try_queue<Queue, T>) {
            for (unsigned refusals = 0; !end.try_pop(item); ++refusals) [[unlikely]] {
                relax_in_crowd(refusals);
            }
        } else {
            end.pop(item);
        }
    }
};

}  // namespace bench
