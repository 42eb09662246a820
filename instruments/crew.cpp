// SPDX-License-Identifier: MIT
#include "instruments/crew.hpp"

#include <pthread.h>
#include <sched.h>

#include <algorithm>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <mutex>
#include <stdexcept>
#include <string>
#include <system_error>

#include "instruments/spin.hpp"
#include "instruments/why_no_thread.hpp"

namespace bench {
namespace {

std::atomic<bool> left_some_behind = false;

void never_mind(std::thread& thread) {
#if defined(SCHED_IDLE)
    const sched_param none{};
    pthread_setschedparam(thread.native_handle(), SCHED_IDLE,
                          &none);  // best effort: if it fails, the thread keeps its priority
#endif
    thread.detach();
}

}  // namespace

/// Shared by the crew and one generation of threads; it lives as long as one of these threads.
struct crew::shift {
    std::mutex mutex;
    std::condition_variable posted;
    std::condition_variable finished;
    std::vector<job> jobs;
    std::vector<std::exception_ptr> errors;
    std::uint64_t round = 0;
    std::size_t running = 0;
    bool ending = false;
    alignas(128) std::atomic<bool> called_off = false;

    static void serve(const std::shared_ptr<shift>& mine, std::size_t me) {
        called_off_for_this_thread(*mine);
        std::uint64_t served = 0;
        std::unique_lock lock{mine->mutex};
        while (true) {
            mine->posted.wait(lock, [&] { return mine->ending || mine->round != served; });
            if (mine->ending) {
                return;
            }
            served = mine->round;
            lock.unlock();
            std::exception_ptr error;
            try {
                mine->jobs[me]();
            } catch (...) {
                error = std::current_exception();
            }
            lock.lock();
            mine->errors[me] = error;
            if (--mine->running == 0) {
                mine->finished.notify_one();
            }
        }
    }

    static void called_off_for_this_thread(const shift& mine) { bench::called_off = &mine.called_off; }
};

crew::crew(std::size_t threads, std::function<void(std::size_t)> settle) : size_(threads), settle_(std::move(settle)) {
    start();
}

void crew::start() {
    shift_ = std::make_shared<shift>();
    threads_.clear();
    try {
        for (std::size_t me = 0; me != size_; ++me) {
            threads_.emplace_back([mine = shift_, settle = settle_, me] {
                settle(me);
                shift::serve(mine, me);
            });
        }
    } catch (const std::system_error& error) {
        const auto number = threads_.size() + 1;
        dismiss();
        throw std::runtime_error(weir::why_no_thread(number, size_, error));
    }
}

crew::~crew() { dismiss(); }

void crew::dismiss() {
    {
        const std::scoped_lock lock{shift_->mutex};
        shift_->ending = true;
    }
    shift_->posted.notify_all();
    for (auto& thread : threads_) {
        thread.join();
    }
    threads_.clear();
}

void crew::run(std::vector<job> jobs) {
    std::unique_lock lock{shift_->mutex};
    shift_->jobs = std::move(jobs);
    shift_->errors.assign(size_, nullptr);
    shift_->running = size_;
    ++shift_->round;
    shift_->posted.notify_all();
    const auto all_done = [this] { return shift_->running == 0; };
    if (!shift_->finished.wait_for(lock, limit_, all_done)) {
        std::string sentence =
            "the measurement did not finish within " + std::to_string(static_cast<int>(limit_.count())) + " s";
        shift_->called_off.store(true, std::memory_order_relaxed);
        if (shift_->finished.wait_for(lock, time_to_hear_, all_done)) {
            shift_->called_off.store(false, std::memory_order_relaxed);
        } else {
            sentence += "; a thread is stuck inside the queue, so the threads were abandoned";
            lock.unlock();
            leave_behind();
        }
        throw stuck{sentence};
    }
    shift_->jobs.clear();  // destroys what the jobs own
    for (const auto& error : shift_->errors) {
        if (error) {
            std::rethrow_exception(error);
        }
    }
}

void crew::leave_behind() {
    left_some_behind.store(true, std::memory_order_relaxed);
    {
        const std::scoped_lock lock{shift_->mutex};
        shift_->ending = true;  // for abandoned threads that return
    }
    shift_->posted.notify_all();
    std::for_each(threads_.begin(), threads_.end(), never_mind);
    start();
}

bool crew::any_left_behind() { return left_some_behind.load(std::memory_order_relaxed); }

}  // namespace bench
