// SPDX-License-Identifier: MIT
//
// Backpressure across a process boundary, the sending side: a ring, and a sender that sends only within the credit
// granted by the sink at the other end of a TCP connection.
//
//     producer --> ring (capacity) --> sender ==TCP==> sink
//                                         ^==credit==
//
// Without credit on the wire the sender would write until the kernel's buffers are full, some megabytes later: an
// unintended queue, in which items grow old. Here at most
//
//     capacity    items wait in the ring, and at most
//     window      items (set by the sink) are sent but not finished: in socket buffers or in the sink
//
// If the sink stops, the producer stops after capacity + window items (or refuses, with --shed). Both bounds are
// exact: accepted - finished <= capacity + window at every moment.
//
// One thread waits for three events at once, items, credit, and room in the socket: hence wait::event, which gives
// the ring a descriptor for poll().
#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <thread>
#include <weir/ring.hpp>

#include "credit_wire.hpp"
#include "number_ranges.hpp"
#include "pace.hpp"
#include "program.hpp"

namespace {

using namespace example;
using clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

struct options {
    std::uint16_t port = 0;
    std::uint64_t count = 1'000'000;
    std::size_t capacity = 1024;
    std::size_t most_unfinished = 65'536;
    double rate = 0;
    double patience_s = 0;
    int every_ms = 0;
    bool shed = false;
};

struct item {
    std::uint64_t number;
    std::uint64_t value;
};

using item_ring = weir::spsc_ring<item, weir::wait::event>;

// Written only by the producer's thread; other threads read them for reports, so relaxed is enough.
struct produced {
    std::atomic<std::uint64_t> accepted{0};
    std::atomic<std::uint64_t> refused{0};
};

void count_one(std::atomic<std::uint64_t>& counter) {
    counter.store(counter.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
}

void produce(item_ring& ring, const options& chosen, produced& counts) {
    pace pace(chosen.rate);
    for (std::uint64_t n = 1; n <= chosen.count; ++n) {
        pace.wait();
        const item next{n, value_of(n)};
        const weir::status answer = chosen.shed ? ring.try_push(next) : ring.push(next);
        if (answer == weir::status::closed) return;  // the sender has failed
        count_one(answer ? counts.accepted : counts.refused);
    }
    ring.close();  // the sender still gets all accepted items, then `closed`
}

class sender {
public:
    sender(const connection& to, item_ring& items, const options& chosen, const produced& counts)
        : to_(to), items_(items), chosen_(chosen), counts_(counts), unfinished_(chosen.most_unfinished) {}

    /// Returns when the sink has finished everything. Throws failure if the sink cannot.
    void run() {
        while (!ended_ || finished_ < sent_) {
            take();
            const bool gone = out_.flush() == io::ended;
            if (!gone) wait();
            hear(gone);
        }
    }

    std::string ledger() const {
        return fmt::format("accepted {} refused {} queued {} sent {} finished {} granted {}\n",
                           counts_.accepted.load(std::memory_order_relaxed),
                           counts_.refused.load(std::memory_order_relaxed), items_.size_approx(), sent_, finished_,
                           granted_);
    }

    /// Items that the sink did not acknowledge. It may have finished some of them and died before it could say so.
    number_ranges not_acknowledged() {
        number_ranges numbers;
        for (item left; unfinished_.try_pop(left);) numbers.add(left.number);
        return numbers;
    }

private:
    static constexpr std::uint64_t unbounded = std::numeric_limits<std::uint64_t>::max();

    // How many items may be sent now: the credit, limited by how many unfinished items we can keep account of.
    std::uint64_t credit() const { return std::min<std::uint64_t>(granted_ - sent_, unfinished_.credits()); }

    // Check credit before popping, so that an item that cannot be sent stays in the ring, where it counts. Even `end`
    // needs credit, because only a pop reports it; a sink that finishes items grants some.
    void take() {
        while (!ended_ && credit() > 0 && out_.has_room()) {
            item next{};
            const weir::status answer = items_.try_pop(next);
            if (answer == weir::status::closed) {
                out_.add({frame::end, sent_, sum_});
                ended_ = true;
            }
            if (!answer) return;
            out_.add({frame::data, next.number, next.value});
            (void)unfinished_.try_push(next);  // credit() has checked that there is room
            ++sent_;
            sum_ += next.value;
        }
    }

    // Polls for items if one may be sent, for the sink in any case, and for room in the socket if there is output.
    void wait() {
        const bool could_take = !ended_ && credit() > 0 && out_.has_room();
        needs_sink_ = !could_take || !out_.empty();
        auto until = clock::time_point::max();
        if (chosen_.patience_s > 0 && needs_sink_) until = heard_at_ + patience();
        if (chosen_.every_ms > 0) until = std::min(until, report_at_);
        int timeout_ms = -1;
        if (until != clock::time_point::max()) {
            const auto left = std::chrono::ceil<milliseconds>(until - clock::now()).count();
            timeout_ms = static_cast<int>(std::clamp<std::int64_t>(left, 0, 1'000'000));
        }
        pollfd watched[] = {{to_.fd(), static_cast<short>(POLLIN | (out_.empty() ? 0 : POLLOUT)), 0},
                            {could_take ? items_.items_fd() : -1, POLLIN, 0}};
        if (::poll(watched, 2, timeout_ms) < 0 && errno != EINTR) fail_with_errno("cannot wait for the sink");

        const auto now = clock::now();
        if (!needs_sink_) heard_at_ = now;  // while no item is pending, the sink is not late
        if (chosen_.every_ms > 0 && now >= report_at_) {
            print(ledger());
            report_at_ = now + milliseconds(chosen_.every_ms);
        }
    }

    // Handles the sink's frames. `gone`: it accepts nothing more, but frames sent before are still read.
    void hear(bool gone) {
        io state = io::done;
        while ((state = in_.fill()) == io::done) {
            while (const auto said = in_.next()) on_frame(*said);
        }
        if (ended_ && finished_ == sent_) return;
        if (gone || state == io::ended)
            throw failure(
                "the sink closed the connection before it had finished everything; unacknowledged items are "
                "listed on stdout, to be sent again");
        if (chosen_.patience_s > 0 && needs_sink_ && clock::now() >= heard_at_ + patience())
            throw failure(
                fmt::format("the sink granted nothing for {} s, after {} items; check that it runs, or give "
                            "a longer --patience",
                            chosen_.patience_s, granted_));
    }

    void on_frame(const frame& said) {
        if (said.what != frame::credit)
            throw failure("the sink sent a frame that only a source sends; connect to a tcp_sink");
        if (said.first == 0) throw failure("the sink granted 0 items; a grant has at least 1");
        if (said.second < finished_ || said.second > sent_)
            throw failure(fmt::format("the sink reports {} finished items; possible are {} to {}", said.second,
                                      finished_, sent_));
        granted_ += std::min(said.first, unbounded - granted_);  // additive, and saturates
        item done{};
        for (; finished_ < said.second; ++finished_) (void)unfinished_.try_pop(done);
        heard_at_ = clock::now();
    }

    clock::duration patience() const {
        return std::chrono::duration_cast<clock::duration>(std::chrono::duration<double>(chosen_.patience_s));
    }

    const connection& to_;
    item_ring& items_;
    const options& chosen_;
    const produced& counts_;
    frame_reader in_{to_};
    frame_writer out_{to_};
    weir::spsc_ring<item> unfinished_;  // used by this thread only: a bounded list of sent items, allocated once
    std::uint64_t granted_ = 0, sent_ = 0, finished_ = 0, sum_ = 0;
    bool ended_ = false;
    bool needs_sink_ = false;  // blocked until the sink grants credit or reads from the socket
    clock::time_point heard_at_ = clock::now();
    clock::time_point report_at_ = clock::now();
};

int source(const options& chosen) {
    const connection to = new_socket();
    const auto address = loopback(chosen.port);
    if (::connect(to.fd(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
        fail_with_errno(fmt::format("cannot connect to 127.0.0.1:{}", chosen.port),
                        "start tcp_sink, which prints its port");
    send_at_once(to);
    if (::fcntl(to.fd(), F_SETFL, O_NONBLOCK) != 0) fail_with_errno("cannot make the socket non-blocking");

    item_ring ring(chosen.capacity);
    produced counts;
    sender sender(to, ring, chosen, counts);
    std::optional<failure> why;
    {
        std::jthread producer(produce, std::ref(ring), std::cref(chosen), std::ref(counts));
        try {
            sender.run();
        } catch (const failure& error) {
            why = error;
        }
        ring.close();  // a producer waiting for room gets `closed` and ends
    }
    // All threads have ended: from here on the numbers are exact, accepted = finished + not acknowledged + never
    // sent.
    print(sender.ledger());
    if (!why) return succeeded;
    const auto in_doubt = sender.not_acknowledged();
    number_ranges never_sent;
    for (item left; ring.try_pop(left);) never_sent.add(left.number);
    print(fmt::format("not acknowledged {}: {}\nnever sent {}: {}\n", in_doubt.count(), in_doubt.text(),
                      never_sent.count(), never_sent.text()));
    throw failure(*why);
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app("Sends numbered items to a tcp_sink over TCP, within the credit that the sink grants.", "tcp_source");
    options chosen;
    app.add_option("--port", chosen.port, "Port of the sink at 127.0.0.1")->required()->check(example::whole(1, 65535));
    app.add_option("--count", chosen.count, "Number of items to produce")
        ->capture_default_str()
        ->check(example::whole(1, 1LL << 62));
    app.add_option("--rate", chosen.rate, "Items to produce per second; 0: unlimited")
        ->capture_default_str()
        ->check(example::between(0.0, 1e9));
    app.add_option("--capacity", chosen.capacity, "Capacity of the ring, in items")
        ->capture_default_str()
        ->check(example::whole(1, 1 << 24));
    app.add_option("--most-unfinished", chosen.most_unfinished,
                   "Most items sent but not finished, regardless of the credit")
        ->capture_default_str()
        ->check(example::whole(1, 1 << 24));
    app.add_flag("--shed", chosen.shed, "Refuse and count items if the ring is full, instead of waiting");
    app.add_option("--patience", chosen.patience_s, "Give up after this many seconds without a grant; 0: never")
        ->capture_default_str()
        ->check(example::between(0.0, 1e6));
    app.add_option("--every", chosen.every_ms, "Milliseconds between lines of the ledger; 0: print only the last")
        ->capture_default_str()
        ->check(example::whole(0, 3'600'000));
    app.footer(std::string(R"(Example:
  tcp_sink --port 7000 --window 256 --rate 10000 &
  tcp_source --port 7000 --capacity 1024 --every 500
  kill -STOP %1        the source stops after at most 1024 + 256 more items; -CONT resumes it

)") + exit_codes);
    return run(app, argc, argv, [&] { return source(chosen); });
}
