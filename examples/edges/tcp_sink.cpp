// SPDX-License-Identifier: MIT
//
// Backpressure across a process boundary, the receiving side. It grants credit as it *finishes* items, so that the
// window bounds the items in flight anywhere between the source's ring and the end of the work.
//
//     source ==TCP==> reader --> ring (capacity = window) --> worker
//            <==credit=======================================
//
// The reader never finds the ring full, because a source may send no more than was granted. A source that violates
// this is detected and disconnected.
#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <cstdint>
#include <string>
#include <thread>
#include <weir/ring.hpp>

#include "credit_wire.hpp"
#include "pace.hpp"
#include "program.hpp"

namespace {

using namespace example;

struct options {
    std::uint16_t port = 0;
    std::uint64_t window = 256;
    std::uint64_t batch = 0;
    double rate = 0;
};

struct item {
    std::uint64_t number;
    std::uint64_t value;
};

/// The work: checks that the items arrive unchanged and in order. One thread.
class work {
public:
    void finish(const item& one) {
        if (one.number <= last_ || one.value != value_of(one.number)) {
            throw failure(
                fmt::format("item {} came after item {} with value {:x}, which should be {:x}: the order or a "
                            "value is broken",
                            one.number, last_, one.value, value_of(one.number)));
        }
        missing_ += one.number - last_ - 1;  // items that the source refused leave gaps in the numbers
        last_ = one.number;
        sum_ += one.value;
        ++finished_;
    }

    std::uint64_t finished() const { return finished_; }
    std::uint64_t sum() const { return sum_; }
    std::string ledger() const {
        return fmt::format("finished {} in order, missing {}, sum {:016x}\n", finished_, missing_, sum_);
    }

private:
    std::uint64_t finished_ = 0, last_ = 0, missing_ = 0, sum_ = 0;
};

/// Grants credit, in batches, since a frame per item would cost more than the item.
class granter {
public:
    granter(const connection& to, std::uint64_t batch) : out_(to), batch_(batch) {}

    /// `finished`: the total so far.
    void grant(std::uint64_t n, std::uint64_t finished) {
        // (1) release: pairs with (2); stored before the frame is sent, because the source may respond before we
        // continue
        granted_.store(granted_.load(std::memory_order_relaxed) + n, std::memory_order_release);  // relaxed: our own
        out_.add({frame::credit, n, finished});
        (void)out_.flush();  // a lost connection is detected by the reading side
    }

    /// Counts one more finished item.
    void finished_one(std::uint64_t finished) {
        if (++pending_ == batch_) flush(finished);
    }

    /// Call before waiting for items: withholding credit while the source waits for it would deadlock both.
    void flush(std::uint64_t finished) {
        if (pending_ > 0) grant(pending_, finished);
        pending_ = 0;
    }

    /// The total granted; called by the reader's thread.
    std::uint64_t granted() const { return granted_.load(std::memory_order_acquire); }  // (2) acquire: pairs with (1)

private:
    frame_writer out_;
    const std::uint64_t batch_;
    std::uint64_t pending_ = 0;
    std::atomic<std::uint64_t> granted_{0};
};

using item_ring = weir::spsc_ring<item>;

// An exception from the work is rethrown by the thread that joins the worker.
void do_work(item_ring& ring, granter& credit, work& done, double rate, std::optional<failure>& why) {
    pace pace(rate);
    item one{};
    try {
        for (;;) {
            weir::status answer = ring.try_pop(one);
            if (answer == weir::status::empty) {
                credit.flush(done.finished());
                answer = ring.pop(one);
            }
            if (!answer) break;  // closed and empty
            pace.wait();
            done.finish(one);
            credit.finished_one(done.finished());
        }
    } catch (const failure& error) {
        why = error;
        ring.close();  // the reader's next push returns closed
    }
    credit.flush(done.finished());
}

/// Reads until the source's `end` frame, and returns it.
frame read_all(const connection& from, item_ring& ring, const granter& credit) {
    frame_reader in(from);
    std::uint64_t received = 0;
    for (;;) {
        while (const auto said = in.next()) {
            if (said->what == frame::end) return *said;
            if (said->what != frame::data)
                throw failure("the source sent a frame of credit, which only a sink sends; connect a tcp_source");
            if (received == credit.granted())
                throw failure(
                    fmt::format("the source sent item {} without credit: {} were granted", said->first, received));
            ++received;
            if (ring.try_push({said->first, said->second}) == weir::status::closed) return {frame::end, 0, 0};
        }
        if (in.fill() == io::ended)
            throw failure(
                fmt::format("the source closed the connection after {} items and {} bytes of the next, without "
                            "an end frame; all items that it sent were finished",
                            received, in.rest()));
    }
}

connection accept_one(std::uint16_t port) {
    const connection listener = new_socket();
    const int on = 1;
    (void)::setsockopt(listener.fd(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    auto address = loopback(port);
    socklen_t size = sizeof address;
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    if (::bind(listener.fd(), generic, size) != 0 || ::listen(listener.fd(), 1) != 0)
        fail_with_errno(fmt::format("cannot listen on 127.0.0.1:{}", port), "choose another --port, or 0 for any");
    if (::getsockname(listener.fd(), generic, &size) != 0) fail_with_errno("cannot find out the port");
    print(fmt::format("listening on 127.0.0.1:{}\n", ntohs(address.sin_port)));
    for (;;) {
        const int fd = ::accept4(listener.fd(), nullptr, nullptr, SOCK_CLOEXEC);
        if (fd >= 0) return connection(fd);
        if (errno != EINTR && errno != ECONNABORTED) fail_with_errno("cannot accept a source");
    }
}

int sink(const options& chosen) {
    const connection from = accept_one(chosen.port);
    send_at_once(from);

    item_ring ring(chosen.window);
    granter credit(from, chosen.batch > 0 ? chosen.batch : std::max<std::uint64_t>(1, chosen.window / 4));
    work done;
    std::optional<failure> reading, working;
    frame end{};
    credit.grant(chosen.window, 0);
    {
        std::jthread worker(do_work, std::ref(ring), std::ref(credit), std::ref(done), chosen.rate, std::ref(working));
        try {
            end = read_all(from, ring, credit);
        } catch (const failure& error) {
            reading = error;
        }
        ring.close();  // the worker finishes the received items
    }
    print(done.ledger());
    if (working) throw failure(*working);
    if (reading) throw failure(*reading);
    if (end.first != done.finished() || end.second != done.sum())
        throw failure(fmt::format("the source sent {} items with sum {:016x}, but {} with sum {:016x} were finished",
                                  end.first, end.second, done.finished(), done.sum()));
    return succeeded;
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app("Receives items from one tcp_source, and grants credit as it finishes them.", "tcp_sink");
    options chosen;
    app.add_option("--port", chosen.port, "Port to listen on at 127.0.0.1; 0: any free port, which is printed")
        ->capture_default_str()
        ->check(example::whole(0, 65535));
    app.add_option("--window", chosen.window, "Most items in flight: sent but not finished")
        ->capture_default_str()
        ->check(example::whole(1, 1 << 24));
    app.add_option("--batch", chosen.batch, "Items to finish before the next grant; 0: a quarter of the window")
        ->capture_default_str()
        ->check(example::whole(0, 1 << 24));
    app.add_option("--rate", chosen.rate, "Items to finish per second; 0: unlimited")
        ->capture_default_str()
        ->check(example::between(0.0, 1e9));
    app.footer(std::string("Example:\n  tcp_sink --port 7000 --window 256 --rate 10000\n\n") + exit_codes);
    return run(app, argc, argv, [&] {
        if (chosen.batch > chosen.window)
            throw CLI::ValidationError(
                fmt::format("--batch {} is more than --window {}: the source would run out of credit "
                            "before the first grant; choose {} at most",
                            chosen.batch, chosen.window, chosen.window));
        return sink(chosen);
    });
}
