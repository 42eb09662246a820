// SPDX-License-Identifier: MIT
#include <weir/await.hpp>
#include <weir/credit_gate.hpp>
#include <weir/ring.hpp>
#include <weir/std_queue.hpp>

#include <coroutine>
#include <exception>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace {

struct task {
    struct promise_type {
        task get_return_object() noexcept { return {}; }
        std::suspend_never initial_suspend() noexcept { return {}; }
        std::suspend_never final_suspend() noexcept { return {}; }
        void return_void() noexcept {}
        void unhandled_exception() noexcept { std::terminate(); }
    };
};

struct order {
    int lots = 0;
};
int handled = 0;
void handle(const order& o) { handled += o.lots; }

// show
task consumer(weir::spsc_ring<order>& in, weir::spsc_ring<order>& out) {
    while (const auto o =
               co_await weir::async_pop(in)) {  // std::optional<order>: nothing once it is closed and drained
        handle(*o);
        if (!co_await weir::async_push(out, *o)) co_return;  // a status: success, or closed
    }
}
// end

// show stop
task until_stopped(weir::mpmc_ring<order>& in, std::stop_token stop) {
    order o;
    weir::status answer = weir::status::success;
    while ((answer = co_await weir::async_pop(in, o, stop))) handle(o);
    // closed; or empty: a stop was requested. Then nothing was taken, and another waiter gets the wake-up.
}
// end

struct timer {  // as examples/await/timers.hpp
    std::stop_token in(int) const { return stop.get_token(); }
    std::stop_source stop;
};

// show deadline
task ask(weir::spsc_ring<order>& replies, timer& timers) {
    order reply;
    const weir::status answer = co_await weir::async_pop(replies, reply, timers.in(5));
    if (answer) handle(reply);  // else closed; or empty: the time was up
}
// end

// show executor
template <class Executor>  // any object with execute(f) or post(f)
task on_my_threads(weir::mpmc_ring<order>& in, Executor& executor) {
    while (const auto o = co_await weir::async_pop(in).resume_on(executor)) handle(*o);
}
// end

// show several
task both(weir::spsc_ring<order>& urgent, weir::spsc_ring<order>& normal) {
    weir::selection feeds;
    while (const auto ready = co_await weir::async_select(feeds, weir::items_of(urgent), weir::items_of(normal))) {
        auto& from = ready.index() == 0 ? urgent : normal;
        while (const auto o = from.try_pop()) handle(*o);
    }
}
// end

// show gate
task send(weir::credit_gate& budget, std::string message, std::vector<std::string>& wire) {
    if (const auto permit = co_await weir::async_acquire(budget, message.size())) {  // in its turn
        wire.push_back(message);
    }  // gives the credits back
}
// end

// show sender
struct receiver {
    int& sum;
    void set_value(std::optional<order> o) && noexcept { sum += o ? o->lots : 0; }
    void set_stopped() && noexcept {}
};
// end

struct right_away {
    template <class F>
    void execute(F f) {
        f();
    }
};

// show std
task standard(weir::bounded_queue<order>& queue) {
    const bool accepted = co_await queue.async_push(order{1});
    const std::optional<order> o = co_await queue.async_pop();
    if (accepted && o) handle(*o);
}
// end

}  // namespace

int main() {
    weir::spsc_ring<order> in(2), out(8);
    consumer(in, out);
    weir::mpmc_ring<order> shared(2), other(2);
    std::stop_source stop;
    until_stopped(shared, stop.get_token());
    right_away executor;
    on_my_threads(other, executor);
    weir::spsc_ring<order> urgent(2), normal(2);
    both(urgent, normal);
    for (int i = 0; i < 2; ++i) {
        (void)in.push({1});
        (void)shared.push({1});
        (void)other.push({1});
        (void)urgent.push({1});
        (void)normal.push({1});
    }
    stop.request_stop();
    weir::spsc_ring<order> replies(2);
    timer timers;
    ask(replies, timers);
    timers.stop.request_stop();

    weir::credit_gate budget(8);
    std::vector<std::string> wire;
    send(budget, "one", wire);

    int sum = 0;
    weir::spsc_ring<order> ring(1);
    // show sender
    auto operation = weir::async_pop(ring).connect(receiver{sum});
    operation.start();  // set_value is called when there is an item, by the thread that pushes it
    (void)ring.push(order{100});
    // end
    weir::bounded_queue<order> queue(4);
    standard(queue);
    in.close();
    other.close();
    urgent.close();
    normal.close();
    return handled == 11 && sum == 100 && wire.size() == 1 ? 0 : 1;
}
