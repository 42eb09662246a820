// SPDX-License-Identifier: MIT
//
// A well-behaved client: it sends items to an http_edge, backs off if the ring is full, and accounts for every item.
//
// - 429 and 503, or no connection: the item was not taken, so it retries after
//       Retry-After + a random part of min(cap, base x 2^attempt)
//   The random part protects the edge: clients that were refused together should not return together.
// - no answer to a request: the item may or may not have been taken. Sending it again might deliver it twice, so it
// is reported as unknown.
//
// Open loop (--rate): item i is due at i / rate, regardless of the edge. If all connections are busy or backing off,
// items are sent late, which is reported; no list of them grows. Closed loop (--rate 0): each connection sends its
// next item when the previous one is settled.
#include <fmt/format.h>
#include <httplib.h>
#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "number_ranges.hpp"
#include "program.hpp"

namespace {

using namespace example;
using clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

struct options {
    int port = 0;
    std::uint64_t items = 1000;
    double rate = 0;
    unsigned connections = 4;
    unsigned attempts = 20;
    int base_ms = 10;
    int cap_ms = 2000;
    std::uint64_t seed = 1;
};

/// The results of one connection.
struct account {
    std::uint64_t accepted = 0, refused = 0, unreachable = 0, retries = 0;
    std::vector<std::uint64_t> given_up, unknown;
    milliseconds latest{0};
};

std::int64_t number_in(const httplib::Response& response, const char* header) {
    const std::string text = response.get_header_value(header);
    std::int64_t n = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n);
    return error == std::errc() && end == text.data() + text.size() && n >= 0 && n <= 86'400'000 ? n : 0;
}

milliseconds asked_to_wait(const httplib::Response& response) {
    if (response.has_header("retry-after-ms")) return milliseconds(number_in(response, "retry-after-ms"));
    return std::chrono::seconds(
        number_in(response, "Retry-After"));  // a date counts as 0, so that only the backoff applies
}

class sender {
public:
    sender(const options& chosen, unsigned index)
        : chosen_(chosen), client_("127.0.0.1", chosen.port), random_(chosen.seed + index) {
        client_.set_connection_timeout(5);
        client_.set_read_timeout(30);
    }

    void send(std::uint64_t number) {
        for (unsigned attempt = 1;; ++attempt) {
            const auto answer = client_.Post("/items", "item " + std::to_string(number), "text/plain");
            if (answer && answer->status == 202) return void(++done.accepted);
            milliseconds wait{0};
            if (answer && (answer->status == 429 || answer->status == 503)) {
                ++done.refused;
                wait = asked_to_wait(*answer);
            } else if (answer) {  // retrying would not help
                return done.given_up.push_back(number);
            } else if (answer.error() == httplib::Error::Connection ||
                       answer.error() == httplib::Error::ConnectionTimeout) {
                ++done.unreachable;
            } else {
                return done.unknown.push_back(number);
            }
            if (attempt == chosen_.attempts) return done.given_up.push_back(number);
            std::this_thread::sleep_for(wait + backoff(attempt));
            ++done.retries;
        }
    }

    account done;

private:
    milliseconds backoff(unsigned attempt) {
        const auto most =
            std::min<std::int64_t>(chosen_.cap_ms, std::int64_t{chosen_.base_ms} << std::min(attempt, 20U));
        return milliseconds(std::uniform_int_distribution<std::int64_t>(0, most)(random_));
    }

    const options& chosen_;
    httplib::Client client_;
    std::mt19937_64 random_;
};

/// Hands out numbers from 1 to `items` to all connections, each at its due time.
void send_all(sender& with, const options& chosen, std::atomic<std::uint64_t>& next, clock::time_point began) {
    // relaxed: it does not matter which connection gets which number
    for (std::uint64_t n; (n = next.fetch_add(1, std::memory_order_relaxed)) <= chosen.items;) {
        if (chosen.rate > 0) {
            const std::chrono::duration<double> after(static_cast<double>(n - 1) / chosen.rate);
            const auto due = began + std::chrono::duration_cast<clock::duration>(after);
            std::this_thread::sleep_until(due);
            with.done.latest = std::max(with.done.latest, std::chrono::floor<milliseconds>(clock::now() - due));
        }
        with.send(n);
    }
}

number_ranges in_order(std::vector<std::uint64_t> numbers) {
    std::sort(numbers.begin(), numbers.end());
    number_ranges ranges;
    for (const auto n : numbers) ranges.add(n);
    return ranges;
}

int load(const options& chosen) {
    std::vector<std::unique_ptr<sender>> senders;
    for (unsigned i = 0; i < chosen.connections; ++i) senders.push_back(std::make_unique<sender>(chosen, i));
    std::atomic<std::uint64_t> next{1};
    {
        std::vector<std::jthread> threads;
        const auto began = clock::now();
        for (auto& one : senders) threads.emplace_back([&, began] { send_all(*one, chosen, next, began); });
    }
    account all;
    for (const auto& one : senders) {
        const account& part = one->done;
        all.accepted += part.accepted;
        all.refused += part.refused;
        all.unreachable += part.unreachable;
        all.retries += part.retries;
        all.latest = std::max(all.latest, part.latest);
        all.given_up.insert(all.given_up.end(), part.given_up.begin(), part.given_up.end());
        all.unknown.insert(all.unknown.end(), part.unknown.begin(), part.unknown.end());
    }
    const auto given_up = in_order(all.given_up), unknown = in_order(all.unknown);
    print(fmt::format("items {} accepted {} given_up {} unknown {} refused {} unreachable {} retries {} latest_ms {}\n",
                      chosen.items, all.accepted, given_up.count(), unknown.count(), all.refused, all.unreachable,
                      all.retries, all.latest.count()));
    if (given_up.count() + unknown.count() == 0) return succeeded;
    print(fmt::format("given up: {}\nunknown: {}\n", given_up.text(), unknown.text()));
    throw failure(fmt::format(
        "{} of {} items were given up after {} attempts or an answer for which retrying would not help, and for "
        "{} it is unknown whether they were taken; stdout lists them",
        given_up.count(), chosen.items, chosen.attempts, unknown.count()));
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app("Sends numbered items to an http_edge, and backs off on 429.", "http_load");
    options chosen;
    app.add_option("--port", chosen.port, "Port of the edge at 127.0.0.1")->required()->check(example::whole(1, 65535));
    app.add_option("--items", chosen.items, "Number of items to send")
        ->capture_default_str()
        ->check(example::whole(1, 1LL << 62));
    app.add_option("--rate", chosen.rate, "Items due per second (open loop); 0: closed loop")
        ->capture_default_str()
        ->check(example::between(0.0, 1e9));
    app.add_option("--connections", chosen.connections,
                   "Number of connections, each with a thread that sends one item at a time")
        ->capture_default_str()
        ->check(example::whole(1, 256));
    app.add_option("--attempts", chosen.attempts, "Give an item up after this many attempts")
        ->capture_default_str()
        ->check(example::whole(1, 1000));
    app.add_option("--base-ms", chosen.base_ms, "Base of the exponential backoff: the first wait is at most twice this")
        ->capture_default_str()
        ->check(example::whole(1, 60'000));
    app.add_option("--cap-ms", chosen.cap_ms, "Longest backoff, to which Retry-After is added")
        ->capture_default_str()
        ->check(example::whole(1, 3'600'000));
    app.add_option("--seed", chosen.seed, "Seed for the random part of the backoff")->capture_default_str();
    app.footer(std::string("Example:\n  http_load --port 8080 --items 1000 --rate 300 --connections 8\n\n") +
               exit_codes);
    return run(app, argc, argv, [&] { return load(chosen); });
}
