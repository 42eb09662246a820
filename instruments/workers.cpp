// SPDX-License-Identifier: MIT
#include "instruments/workers.hpp"

#include "instruments/spin.hpp"

namespace bench {

worker_pair::worker_pair(const weir::topology& machine, const std::string& pin)
    : machine_(machine), pair_(2, [this](std::size_t me) { bind(me == 0); }) {
    place(pin);
}

void worker_pair::bind(bool to_first) const {
    if (where_.pair) {
        machine_.bind_this_thread(to_first ? where_.pair->producer : where_.pair->consumer);
    }
}

void worker_pair::place(const std::string& pin) {
    const bool may_go_on = pin == "auto";
    spinning.one_core = machine_.allowed().size() < 2;
    if (may_go_on && machine_.allowed_cores() < 2) {
        where_.why_not_pinned = "only one core may be used here (PUs " + machine_.allowed().to_string() + ")";
    } else {
        const weir::pu_pair pair = machine_.parse_pair(pin);
        spinning.one_core = pair.producer == pair.consumer;
        try {
            run([&] { where_.read_back[0] = machine_.bind_this_thread(pair.producer); },
                [&] { where_.read_back[1] = machine_.bind_this_thread(pair.consumer); });
            where_.pair = pair;
            return;
        } catch (const weir::placement_error& error) {
            if (!may_go_on) {
                throw;
            }
            where_.why_not_pinned = error.what();
        }
    }
    run([&] { where_.read_back[0] = weir::this_thread_affinity(); },
        [&] { where_.read_back[1] = weir::this_thread_affinity(); });
}

crew& worker_pair::crowd(std::size_t threads, spread over) {
    auto& known = crowds_[{threads, over}];
    if (!known) {
        known = std::make_unique<crew>(threads, [this, over](std::size_t me) {
            const bool even = me % 2 == 0;
            bind(over == spread::one_core || even == (over == spread::first_core_first));
        });
        known->set_limit(limit_ / 2);
    }
    return *known;
}

void worker_pair::set_limit(std::chrono::duration<double> limit) {
    limit_ = limit;
    pair_.set_limit(limit);
    for (auto& [size, crowd] : crowds_) {
        crowd->set_limit(limit / 2);
    }
}

}  // namespace bench
