// SPDX-License-Identifier: MIT
#include "workers.hpp"

#include "spin.hpp"

namespace bench {

worker_pair::worker_pair(const weir::topology& machine, const std::string& pin) {
    for (std::size_t me = 0; me != threads_.size(); ++me) {
        threads_[me] = std::thread{[this, me] { serve(me); }};
    }
    try {
        place(machine, pin);
    } catch (...) {
        stop();
        throw;
    }
}

worker_pair::~worker_pair() { stop(); }

void worker_pair::stop() {
    {
        const std::scoped_lock lock{mutex_};
        ending_ = true;
    }
    posted_.notify_all();
    for (auto& thread : threads_) {
        thread.join();
    }
}

void worker_pair::place(const weir::topology& machine, const std::string& pin) {
    const bool may_go_on = pin == "auto";
    spinning.one_core = machine.allowed().size() < 2;
    if (may_go_on && machine.allowed_cores() < 2) {
        where_.why_not_pinned = "this machine lets us use only one core (PUs " + machine.allowed().to_string() + ")";
    } else {
        const weir::pu_pair pair = machine.parse_pair(pin);
        spinning.one_core = pair.producer == pair.consumer;
        try {
            run([&] { where_.read_back[0] = machine.bind_this_thread(pair.producer); },
                [&] { where_.read_back[1] = machine.bind_this_thread(pair.consumer); });
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

void worker_pair::run(const job& first, const job& second) {
    std::unique_lock lock{mutex_};
    jobs_ = {&first, &second};
    errors_ = {};
    running_ = 2;
    ++round_;
    posted_.notify_all();
    const auto all_done = [this] { return running_ == 0; };
    if (!finished_.wait_for(lock, limit_, all_done)) {
        const std::string sentence = "no end in sight after " + std::to_string(static_cast<int>(limit_.count())) + " s";
        spinning.abandoned.store(true, std::memory_order_relaxed);
        const bool called_back = finished_.wait_for(lock, limit_, all_done);
        spinning.abandoned.store(false, std::memory_order_relaxed);
        if (called_back) {
            throw stuck{sentence};
        }
        throw stuck_for_good{sentence};
    }
    for (const auto& error : errors_) {
        if (error) {
            std::rethrow_exception(error);
        }
    }
}

void worker_pair::serve(std::size_t me) {
    std::uint64_t served = 0;
    std::unique_lock lock{mutex_};
    while (true) {
        posted_.wait(lock, [&] { return ending_ || round_ != served; });
        if (ending_) {
            return;
        }
        served = round_;
        const job& mine = *jobs_[me];
        lock.unlock();
        std::exception_ptr error;
        try {
            mine();
        } catch (...) {
            error = std::current_exception();
        }
        lock.lock();
        errors_[me] = error;
        if (--running_ == 0) {
            finished_.notify_one();
        }
    }
}

}  // namespace bench
