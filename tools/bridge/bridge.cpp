// SPDX-License-Identifier: MIT
// weir bridge: the command.
#include "tools/bridge/bridge.hpp"

#include "instruments/number_options.hpp"
#include "src/plain_text.hpp"
#include "tools/common/command.hpp"
#include "tools/common/files.hpp"

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <csignal>
#include <memory>

namespace weir::tool {
namespace {

constexpr const char* footer =
    R"(One bridge on each machine: --from shm:RING --to nats://SERVERS/LINK where the items are made, --from nats://SERVERS/LINK
--to shm:RING where they are used. An item is finished when a program has taken it from the ring over there. No more than
--window items are on their way: when that ring is not emptied, this one gets full.

The ring that gets the items is made for the link, and for nothing else: it knows how many items it got, so nothing comes twice
when a bridge is started again. With --journal, a bridge that is killed goes on with what it had published; items that it had
taken and not yet published, very few, are lost then. It ends at Ctrl-C, and the first one also when its ring is closed and
everything is finished. Without --journal it waits at Ctrl-C until what it has taken is finished; a second Ctrl-C ends it at once.

Examples:
  weir bridge --from shm:orders --to nats://a:4222,b:4222,c:4222/orders --journal /var/lib/orders.journal
  weir bridge --from nats://a:4222,b:4222,c:4222/orders --to shm:orders --prometheus /var/lib/node_exporter/orders.prom)";

volatile std::sig_atomic_t is_bridge_interrupted = 0;
extern "C" void weir_bridge_interrupted(int which) {
    is_bridge_interrupted = 1;
    std::signal(which, SIG_DFL);  // the second one ends the program, whatever it waits for
}

bridge_place place_of(const std::string& text, const char* option) {
    const auto place = parse_bridge_place(text);
    if (!place)
        throw stop(wrong_usage,
                   fmt::format("{} is '{}': give shm:NAME or nats://HOST:PORT[,HOST:PORT...]/LINK", option, text));
    return *place;
}

exit_code bridge(const bridge_request& wanted) {
    const auto from = place_of(wanted.from, "--from");
    const auto to = place_of(wanted.to, "--to");
    if (from.is_shm == to.is_shm)
        throw stop(
            wrong_usage,
            "a bridge joins a ring in shared memory to a link: give shm:NAME on one side, and nats://... on the other");
    if (wanted.replicas % 2 == 0)
        throw stop(wrong_usage,
                   fmt::format("--replicas {}: give 1, 3 or 5, so that a majority decides", wanted.replicas));
    if (!from.is_shm && !wanted.journal.empty())
        throw stop(wrong_usage, "--journal belongs to the bridge that sends: its --from is shm:NAME");
    if (!wanted.journal.empty() && !wanted.prometheus.empty() && is_same_file(wanted.journal, wanted.prometheus))
        throw stop(wrong_usage, fmt::format("--prometheus {}: this is the journal; name another file",
                                            printable(wanted.prometheus)));
    std::signal(SIGINT, weir_bridge_interrupted);
    std::signal(SIGTERM, weir_bridge_interrupted);
    run_bridge(wanted, from, to, [] { return is_bridge_interrupted != 0; });
    return succeeded;
}

}  // namespace

command add_bridge(CLI::App& app) {
    auto wanted = std::make_shared<bridge_request>();
    app.add_option("--from", wanted->from, "Where items come from: shm:NAME or nats://SERVERS/LINK")
        ->required()
        ->type_name("PLACE");
    app.add_option("--to", wanted->to, "Where they go to: the other one")->required()->type_name("PLACE");
    add_number(app, "--window", wanted->window, {1, 1 << 20, "", " items"},
               "Items on their way at most, as the receiving bridge grants them");
    app.add_option("--journal", wanted->journal, "Keep unfinished items in this file")->type_name("FILE");
    add_number(app, "--replicas", wanted->replicas, {1, 5, "", ": 1, 3 or 5"},
               "Copies that the servers keep: 1, 3 or 5");
    app.add_option("--prometheus", wanted->prometheus, "Write metrics to this file every second")->type_name("FILE");
    app.add_flag("--quiet", wanted->is_quiet, "Do not print a line of figures every second")->disable_flag_override();
    app.footer(footer);
    return [wanted] { return bridge(*wanted); };
}

}  // namespace weir::tool
