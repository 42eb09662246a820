// SPDX-License-Identifier: MIT
// link_bench SERVERS [ITEMS [ROUNDS]]: a link of weir::jetstream beside js_PublishAsync and a pull loop of libnats, in turn, over
// the servers that run there. Items of 64 bytes, streams with three replicas.
//
//     raw        js_PublishAsync, one item a message, 1024 unacknowledged at most; fetches of 256, each message acknowledged
//     weir 1     remote_producer and remote_consumer, one item a message, window 4096
//     weir 64    the same, with up to 64 items a message
//
// Throughput: from the first push until the last item is received and, by weir, finished. Latency: from push to receipt, of items
// that are pushed two hundred times a second, which a fetch of one at a time keeps up with.
#include "instruments/option_values.hpp"
#include "src/jetstream/session.hpp"

#include <weir/jetstream.hpp>
#include <weir/ring.hpp>

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace std::chrono_literals;
using namespace weir::jetstream;
using clock_type = std::chrono::steady_clock;

struct sample {
    std::int64_t sent_ns = 0;
    std::uint64_t number = 0;
    std::uint64_t rest[6] = {};
};

struct result {
    double per_s = 0;
    double p50_us = 0;
    double p99_us = 0;
};

std::int64_t now_ns() { return clock_type::now().time_since_epoch().count(); }

// Pushes at most two hundred a second where that is asked for.
template <class Push>
void push_all(std::uint64_t n, bool is_paced, Push push) {
    const auto begin = clock_type::now();
    for (std::uint64_t i = 0; i < n; ++i) {
        if (is_paced) std::this_thread::sleep_until(begin + i * 5ms);
        push(sample{now_ns(), i});
    }
}

class receipts {
public:
    explicit receipts(std::uint64_t n) { us_.reserve(n); }
    void take(const sample& one) {
        if (one.number != us_.size()) throw error("item " + std::to_string(one.number) + " came out of order");
        us_.push_back(static_cast<double>(now_ns() - one.sent_ns) / 1000);
    }
    std::size_t size() const { return us_.size(); }
    result over(std::chrono::duration<double> time) {
        std::ranges::sort(us_);
        return {static_cast<double>(us_.size()) / time.count(), us_[us_.size() / 2], us_[us_.size() * 99 / 100]};
    }

private:
    std::vector<double> us_;
};

void require(natsStatus status, const char* what) {
    if (status != NATS_OK) throw error(std::string(what) + ": " + natsStatus_GetText(status));
}

result run_raw(const std::string& servers, const std::string& name, std::uint64_t n, bool is_paced) {
    const remote_link link{.servers = servers, .name = name};
    const auto deadline = clock_type::now() + 30s;
    session out(link, "raw_out", deadline);
    session in(link, "raw_in", deadline);
    while (out.ensure_streams(n + 1024) != outcome::done) std::this_thread::sleep_for(50ms);

    jsOptions options;
    jsOptions_Init(&options);
    options.PublishAsync.MaxPending = 1024;
    options.PublishAsync.StallWait = 10000;
    jsCtx* raw_context = nullptr;
    require(natsConnection_JetStream(&raw_context, out.connection(), &options), "a context");
    const owned<jsCtx> context(raw_context);
    jsSubOptions subscription;
    jsSubOptions_Init(&subscription);
    subscription.Stream = in.stream().c_str();
    subscription.Config.MaxAckPending = 65536;
    natsSubscription* raw_subscription = nullptr;
    jsErrCode code{};
    require(js_PullSubscribe(&raw_subscription, in.context(), in.data_subject().c_str(), "raw", nullptr, &subscription,
                             &code),
            "a pull subscription");
    const owned<natsSubscription> pulled(raw_subscription);

    receipts received(n);
    const auto begin = clock_type::now();
    std::thread source([&] {
        push_all(n, is_paced, [&](const sample& one) {
            require(js_PublishAsync(context.get(), out.data_subject().c_str(), &one, sizeof(one), nullptr),
                    "js_PublishAsync");
        });
    });
    while (received.size() < n) {
        natsMsgList list{};
        const natsStatus status = natsSubscription_Fetch(&list, pulled.get(), is_paced ? 1 : 256, 1000, &code);
        if (status != NATS_OK && status != NATS_TIMEOUT) require(status, "a fetch");
        for (int i = 0; i < list.Count; ++i) {
            received.take(*reinterpret_cast<const sample*>(natsMsg_GetData(list.Msgs[i])));
            require(natsMsg_Ack(list.Msgs[i], nullptr), "an acknowledgement");
        }
        natsMsgList_Destroy(&list);
    }
    const auto time = clock_type::now() - begin;
    source.join();
    return received.over(time);
}

result run_weir(const std::string& servers, const std::string& name, std::size_t items, std::uint64_t n,
                bool is_paced) {
    const remote_link link{.servers = servers, .name = name, .items_per_message = items};
    weir::spsc_ring<sample> out(4096);
    weir::spsc_ring<remote_item<sample>> in(4096);
    remote_consumer<sample> from(in, link);
    remote_producer<sample> to(out, link);
    receipts received(n);
    const auto begin = clock_type::now();
    std::thread source([&] { push_all(n, is_paced, [&](const sample& one) { (void)out.push(one); }); });
    for (remote_item<sample> item; received.size() < n && in.pop(item); item.finish()) received.take(item.value);
    const bool is_finished = to.finish_for(30s);
    const auto time = clock_type::now() - begin;
    source.join();
    if (!is_finished) throw error("not all items were finished: " + to.figures().failure);
    return received.over(time);
}

long resident_kib() {
    long pages = 0;
    long resident = 0;
    std::ifstream("/proc/self/statm") >> pages >> resident;
    return resident * (::sysconf(_SC_PAGESIZE) / 1024);
}

double median(std::vector<double> values) {
    std::ranges::sort(values);
    return values[values.size() / 2];
}

void compare(const std::string& servers, std::uint64_t n, int rounds, bool is_paced) {
    std::vector<double> per_s[3];
    std::vector<double> p50[3];
    std::vector<double> p99[3];
    for (int round = 0; round < rounds; ++round)
        for (int which = 0; which < 3; ++which) {
            const std::string name = "bench_" + std::to_string(::getpid()) + (is_paced ? "_paced_" : "_") +
                                     std::to_string(round) + "_" + std::to_string(which);
            const result got = which == 0 ? run_raw(servers, name, n, is_paced)
                                          : run_weir(servers, name, which == 1 ? 1 : 64, n, is_paced);
            per_s[which].push_back(got.per_s);
            p50[which].push_back(got.p50_us);
            p99[which].push_back(got.p99_us);
        }
    const char* const names[] = {"raw", "weir 1", "weir 64"};
    for (int which = 0; which < 3; ++which) {
        if (is_paced) {
            std::printf("%-8s  latency p50 %8.0f us (%4.2f of raw)  p99 %8.0f us\n", names[which], median(p50[which]),
                        median(p50[which]) / median(p50[0]), median(p99[which]));
        } else {
            std::printf("%-8s  %10.0f items/s (%5.2f of raw)   resident %ld KiB\n", names[which], median(per_s[which]),
                        median(per_s[which]) / median(per_s[0]), resident_kib());
        }
    }
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 2 || argc > 4) {
        std::fprintf(stderr, "usage: link_bench SERVERS [ITEMS [ROUNDS]]\n");
        return 2;
    }
    try {
        const std::uint64_t n = argc > 2 ? weir::read_count(argv[2], "ITEMS", {1, 1e9}) : 20000;
        const int rounds = argc > 3 ? static_cast<int>(weir::read_count(argv[3], "ROUNDS", {1, 10'000})) : 3;
        compare(argv[1], n, rounds, false);
        compare(argv[1], std::min<std::uint64_t>(n, 1000), rounds, true);
        return 0;
    } catch (const weir::wrong_value& error) {
        std::fprintf(stderr, "link_bench: %s\n", error.what());
        return 2;
    } catch (const std::exception& failure) {
        std::fprintf(stderr, "link_bench: %s\n", failure.what());
        return 1;
    }
}
