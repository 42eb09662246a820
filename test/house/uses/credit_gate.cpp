// SPDX-License-Identifier: MIT
#include <weir/credit_gate.hpp>

#include <chrono>
#include <optional>
#include <utility>

#include "test/house/uses/uses.hpp"

namespace {

using namespace std::chrono_literals;

template <class Source>
bool works(Source& source) {
    weir::credit_permit permit;
    if (!source.try_acquire(permit, 4) || !source.acquire_for(permit, 3, 1ms)) return false;
    weir::credit_permit part = permit.split(1);
    permit.merge(std::move(part));
    permit.give_back(2);
    if (permit.size() != 1 || !source.acquire(permit, 2)) return false;
    if (!source.acquire_until(permit, 1, std::chrono::steady_clock::now())) return false;
    if (!source.acquire_unless(permit, 1, []() noexcept { return true; })) return false;
    if (std::optional<weir::credit_permit> more = source.try_acquire(1)) more->give_back();
    if (std::optional<weir::credit_permit> more = source.acquire(1)) permit = std::move(*more);
    source.wake_all();
    return source.in_use() == 1;
}

}  // namespace

bool use_credit_gate() {
    weir::credit_gate gate(16);
    if (!works(gate)) return false;
    {
        weir::credit_gate::share share(gate, 2);
        if (!works(share) || share.guaranteed() != 2) return false;
    }
    gate.close();
    return gate.is_closed() && gate.credits() == gate.capacity() && !gate.try_acquire(1);
}
