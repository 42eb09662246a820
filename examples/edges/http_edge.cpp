// SPDX-License-Identifier: MIT
//
// Backpressure at an HTTP edge: POST /items puts the body into a ring. If the ring is full, the edge answers 429 with
// a Retry-After that says how long the worker needs for the queued items.
//
//     clients ==HTTP==> kernel's backlog --> connections --> handlers --> ring (capacity) --> worker
//                       (5, httplib's)       (--waiting)     (--handlers)
//
// Every stage in this picture is bounded, which is the point of the example. httplib's own thread pool keeps an
// unbounded list of connections, behind which a ring would never be full. Here the connections wait in a ring as
// well. When that ring is full, the edge accepts no more connections, and the kernel makes clients wait. Memory for
// bodies:
//
//     (capacity + 1 at the worker + handlers) x --max-body-bytes
//
// A handler serves one request per connection, so that a client that backs off does not occupy a handler.
#include <fmt/format.h>
#include <httplib.h>
#include <signal.h>
#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <thread>
#include <vector>
#include <weir/ring.hpp>

#include "program.hpp"

namespace {

using namespace example;
using clock = std::chrono::steady_clock;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;

struct options {
    int port = 0;
    std::size_t capacity = 64;
    std::size_t handlers = 8;
    std::size_t waiting = 64;
    std::size_t max_body_bytes = 65'536;
    double rate = 100;
    bool print_items = false;
};

using item_ring = weir::mpsc_ring<std::string>;  // many handlers, one worker

/// accepted = delivered + queued + 1 if the worker is processing an item: exact while no request is being handled. At
/// any other time, loading `accepted` first guarantees accepted - delivered <= capacity + 1.
struct ledger {
    std::atomic<std::uint64_t> accepted{0};
    std::atomic<std::uint64_t> refused{0};
    std::atomic<std::uint64_t> delivered{0};
};

/// How long the worker takes per item: the mean over the last dozen, or the time spent on the current item if that is
/// longer, so that a hanging worker does not count as fast. Relaxed, because these are estimates and nothing depends
/// on them.
class drain_time {
public:
    // Called by the worker.
    void begin() { began_.store(now(), std::memory_order_relaxed); }
    void end() {
        const auto took = now() - began_.load(std::memory_order_relaxed);
        const auto mean = mean_.load(std::memory_order_relaxed);
        mean_.store(mean == 0 ? took : mean + (took - mean) / 8, std::memory_order_relaxed);
        began_.store(0, std::memory_order_relaxed);
    }

    /// Any thread: the expected time to process `items`; 1 s if nothing is known, at most one minute.
    milliseconds of(std::size_t items) const {
        const auto began = began_.load(std::memory_order_relaxed);
        const auto one = std::max(mean_.load(std::memory_order_relaxed), began == 0 ? 0 : now() - began);
        if (one == 0) return milliseconds(1000);
        const auto most = nanoseconds(std::chrono::minutes(1)).count();
        const auto all = static_cast<std::int64_t>(
            std::min(static_cast<double>(one) * static_cast<double>(items), static_cast<double>(most)));
        return std::chrono::ceil<milliseconds>(nanoseconds(all));
    }

private:
    static std::int64_t now() { return nanoseconds(clock::now().time_since_epoch()).count(); }

    std::atomic<std::int64_t> mean_{0};   // ns
    std::atomic<std::int64_t> began_{0};  // 0: idle
};

/// Connections that wait for a handler; replaces httplib's unbounded list.
class bounded_handlers : public httplib::TaskQueue {
public:
    bounded_handlers(std::size_t handlers, std::size_t waiting) : connections_(waiting) {
        for (std::size_t i = 0; i < handlers; ++i)
            threads_.emplace_back([this] {
                while (auto connection = connections_.pop()) (*connection)();
            });
    }
    // If it is full, the accepting thread waits here, and the kernel's backlog fills.
    void enqueue(std::function<void()> connection) override { (void)connections_.push(std::move(connection)); }
    void shutdown() override {
        connections_.close();  // accepted connections are still served
        threads_.clear();
    }

private:
    weir::spmc_ring<std::function<void()>> connections_;
    std::vector<std::jthread> threads_;
};

std::string as_json(const ledger& counts, const item_ring& ring) {
    // (2) acquire: pairs with (1): the following loads see at least the deliveries that made room for these
    const auto accepted = counts.accepted.load(std::memory_order_acquire);
    return nlohmann::ordered_json{{"accepted", accepted},
                                  {"refused", counts.refused.load(std::memory_order_relaxed)},
                                  {"delivered", counts.delivered.load(std::memory_order_relaxed)},
                                  {"queued", ring.size_approx()},
                                  {"capacity", ring.capacity()}}
               .dump() +
           "\n";
}

std::string as_metrics(const ledger& counts, const item_ring& ring, const drain_time& drain) {
    std::string text;
    const auto add = [&](const char* name, const char* type, const char* help, double value) {
        text += fmt::format("# HELP {0} {1}\n# TYPE {0} {2}\n{0} {3}\n", name, help, type, value);
    };
    const auto count = [](const auto& counter) { return static_cast<double>(counter.load(std::memory_order_relaxed)); };
    add("weir_edge_accepted_total", "counter", "Items put into the ring.", count(counts.accepted));
    add("weir_edge_refused_total", "counter", "Items answered with 429, the ring being full.", count(counts.refused));
    add("weir_edge_delivered_total", "counter", "Items the worker has finished.", count(counts.delivered));
    add("weir_edge_queued", "gauge", "Items in the ring.", static_cast<double>(ring.size_approx()));
    add("weir_edge_capacity", "gauge", "Items the ring can hold.", static_cast<double>(ring.capacity()));
    add("weir_edge_drain_seconds", "gauge", "Time until the worker has taken the queued items.",
        static_cast<double>(drain.of(ring.size_approx()).count()) / 1e3);
    return text;
}

void refuse(httplib::Response& response, milliseconds drain) {
    const auto seconds = std::max<std::int64_t>(1, std::chrono::ceil<std::chrono::seconds>(drain).count());
    response.status = 429;
    response.set_header("Retry-After", std::to_string(seconds));           // the standard only has whole seconds
    response.set_header("retry-after-ms", std::to_string(drain.count()));  // for clients that support it
    response.set_content("full: try again after the time that Retry-After says\n", "text/plain");
}

void add_routes(httplib::Server& server, item_ring& ring, ledger& counts, const drain_time& drain) {
    server.Post("/items", [&](const httplib::Request& request, httplib::Response& response) {
        std::string body = request.body;
        weir::status answer = ring.try_push(std::move(body));
        // busy does not mean full: the worker is just taking the item from the next slot.
        for (; answer == weir::status::busy; answer = ring.try_push(std::move(body))) std::this_thread::yield();
        if (answer) {
            counts.accepted.fetch_add(1, std::memory_order_release);  // (1) release: pairs with (2)
            response.status = 202;
        } else if (answer == weir::status::full) {
            counts.refused.fetch_add(1, std::memory_order_relaxed);
            refuse(response, drain.of(ring.size_approx()));
        } else {
            response.status = 503;  // closed: the edge is shutting down
        }
    });
    server.Get("/ledger", [&](const httplib::Request&, httplib::Response& response) {
        response.set_content(as_json(counts, ring), "application/json");
    });
    server.Get("/metrics", [&](const httplib::Request&, httplib::Response& response) {
        response.set_content(as_metrics(counts, ring, drain), "text/plain; version=0.0.4");
    });
}

void work(item_ring& ring, ledger& counts, drain_time& drain, const options& chosen) {
    const auto per_item = std::chrono::duration<double>(chosen.rate > 0 ? 1 / chosen.rate : 0);
    for (std::string body; ring.pop(body);) {
        drain.begin();
        std::this_thread::sleep_for(per_item);  // the work
        if (chosen.print_items) std::fputs((body + "\n").c_str(), stdout);
        counts.delivered.fetch_add(1, std::memory_order_relaxed);
        drain.end();
    }
}

// The only thread that receives SIGINT and SIGTERM: it reports when the edge is ready, and stops it.
void end_on_signal(const std::stop_token& over, httplib::Server& server, const sigset_t& signals, int port) {
    while (!server.is_running()) {
        if (over.stop_requested()) return;
        std::this_thread::sleep_for(milliseconds(1));
    }
    try {
        print(fmt::format("listening on 127.0.0.1:{}\n", port));
        int which = 0;
        ::sigwait(&signals, &which);
    } catch (const failure&) {
        // stdout cannot be written; edge() fails for the same reason and reports it
    }
    server.stop();
}

int edge(const options& chosen) {
    sigset_t signals;
    ::sigemptyset(&signals);
    ::sigaddset(&signals, SIGINT);
    ::sigaddset(&signals, SIGTERM);
    ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);  // before any thread starts, so that all inherit the mask

    httplib::Server server;
    server.new_task_queue = [&] {
        return new bounded_handlers(chosen.handlers, chosen.waiting);
    };                                                     // httplib takes ownership
    server.set_payload_max_length(chosen.max_body_bytes);  // larger bodies are answered with 413
    server.set_keep_alive_max_count(1);
    server.set_socket_options([](socket_t socket) {  // httplib's default lets two edges share a port unnoticed
        const int on = 1;
        (void)::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    });
    int port = chosen.port;
    if (port == 0) {
        port = server.bind_to_any_port("127.0.0.1");
    } else if (!server.bind_to_port("127.0.0.1", port)) {
        port = -1;
    }
    if (port < 0)
        throw failure(fmt::format("cannot listen on 127.0.0.1:{}; choose another --port, or 0 for any", chosen.port));

    item_ring ring(chosen.capacity);
    ledger counts;
    drain_time drain;
    add_routes(server, ring, counts, drain);
    bool served = false;
    {
        std::jthread worker([&] { work(ring, counts, drain, chosen); });
        std::jthread stopper([&](const std::stop_token& over) { end_on_signal(over, server, signals, port); });
        served = server.listen_after_bind();  // returns when stopped and all handlers are done
        stopper.request_stop();
        ::pthread_kill(stopper.native_handle(), SIGTERM);  // in case it is still waiting
        ring.close();                                      // accepted items are still delivered
    }
    print(as_json(counts, ring));
    if (!served) throw failure("cannot accept connections any more; see how many files may be open (ulimit -n)");
    return succeeded;
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app("Puts the bodies of POST /items into a ring, and answers 429 if the ring is full.", "http_edge");
    options chosen;
    app.add_option("--port", chosen.port, "Port to listen on at 127.0.0.1; 0: any free port, which is printed")
        ->capture_default_str()
        ->check(example::whole(0, 65535));
    app.add_option("--capacity", chosen.capacity, "Capacity of the ring, in items")
        ->capture_default_str()
        ->check(example::whole(1, 1 << 24));
    app.add_option("--rate", chosen.rate, "Items per second that the worker processes; 0: unlimited")
        ->capture_default_str()
        ->check(example::between(0.0, 1e9));
    app.add_option("--handlers", chosen.handlers, "Threads that serve connections")
        ->capture_default_str()
        ->check(example::whole(1, 1024));
    app.add_option("--waiting", chosen.waiting, "Most connections that may wait for a handler")
        ->capture_default_str()
        ->check(example::whole(1, 65536));
    app.add_option("--max-body-bytes", chosen.max_body_bytes, "Answer 413 to larger bodies")
        ->capture_default_str()
        ->check(example::whole(1, 1 << 30));
    app.add_flag("--print", chosen.print_items, "Write each item to stdout when the worker finishes it");
    app.footer(
        std::string(
            R"(Serves POST /items, GET /ledger (JSON) and GET /metrics (Prometheus) until SIGINT or SIGTERM. It then
delivers all accepted items and prints the ledger to stdout.

Example:
  http_edge --port 8080 --capacity 64 --rate 100 &
  curl -i --data hello http://127.0.0.1:8080/items
  http_load --port 8080 --items 1000 --rate 300

)") + exit_codes);
    return run(app, argc, argv, [&] { return edge(chosen); });
}
