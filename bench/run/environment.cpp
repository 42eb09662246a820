// SPDX-License-Identifier: MIT
#include "bench/run/environment.hpp"

#include <sys/utsname.h>
#include <unistd.h>

#include <ctime>
#include <fstream>

#include <fmt/core.h>
#include <nlohmann/json.hpp>
#include <weir/version.hpp>

#include "build_info.hpp"
#include "instruments/processor.hpp"
#include "instruments/spin.hpp"

namespace bench {
namespace {

std::string first_line_of(const std::string& path) {
    std::ifstream file{path};
    std::string line;
    return std::getline(file, line) ? line : "unknown";
}

std::string utc_now() {
    const std::time_t now = std::time(nullptr);
    std::tm parts{};
    gmtime_r(&now, &parts);
    char text[32];
    std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
    return text;
}

/// "always [madvise] never" -> "madvise"
std::string chosen_word(const std::string& line) {
    const auto open = line.find('[');
    const auto close = line.find(']');
    return open == std::string::npos || close == std::string::npos ? line : line.substr(open + 1, close - open - 1);
}

}  // namespace

environment look_around(const weir::topology& machine, const placement& where, const weir::tick_clock& clock,
                        std::uint64_t seed) {
    environment env;
    env.cpu_model = cpu_model();
    env.hypervisor = hypervisor();
    env.pus = static_cast<unsigned>(std::max(0L, sysconf(_SC_NPROCESSORS_ONLN)));
    env.topology = machine.summary();
    env.fingerprint = fingerprint(machine);
    env.allowed_pus = machine.allowed().to_string();
    env.smt = first_line_of("/sys/devices/system/cpu/smt/control");
    utsname kernel{};
    uname(&kernel);
    env.kernel = fmt::format("{} {} {}", kernel.sysname, kernel.release, kernel.machine);
    const unsigned pu = where.pinned() ? where.pair->producer : 0;
    env.governor = first_line_of(fmt::format("/sys/devices/system/cpu/cpu{}/cpufreq/scaling_governor", pu));
    env.transparent_huge_pages = chosen_word(first_line_of("/sys/kernel/mm/transparent_hugepage/enabled"));
    env.tick_source = to_string(clock.source());

    env.weir_version = WEIR_VERSION_STRING;
    env.compiler = build_info::compiler;
    env.compiler_flags = build_info::flags;
    env.build_type = build_info::build_type;
#if !defined(NDEBUG)
    env.assertions = true;
#endif

    env.date = utc_now();
    env.seed = seed;
    env.pinned = where.pinned();
    env.one_core = spinning.one_core;
    env.why_not_pinned = where.why_not_pinned;
    env.cores = {where.read_back[0].to_string(), where.read_back[1].to_string()};
    env.distance = where.pinned() ? to_string(where.pair->distance) : "unknown";
    env.pair_reason = where.pinned() ? where.pair->reason : "";
    return env;
}

void to_json(nlohmann::ordered_json& json, const environment& env) {
    json = {
        {"cpu_model", env.cpu_model},
        {"hypervisor", env.hypervisor},
        {"pus", env.pus},
        {"topology", env.topology},
        {"fingerprint", env.fingerprint},
        {"allowed_pus", env.allowed_pus},
        {"smt", env.smt},
        {"kernel", env.kernel},
        {"governor", env.governor},
        {"transparent_huge_pages", env.transparent_huge_pages},
        {"tick_source", env.tick_source},
        {"weir_version", env.weir_version},
        {"compiler", env.compiler},
        {"compiler_flags", env.compiler_flags},
        {"build_type", env.build_type},
        {"assertions", env.assertions},
        {"date", env.date},
        {"seed", env.seed},
        {"pinned", env.pinned},
        {"one_core", env.one_core},
        {"why_not_pinned", env.why_not_pinned},
        {"cores", env.cores},
        {"distance", env.distance},
        {"pair_reason", env.pair_reason},
        {"clock_offset_ns", env.clock_offset_ns},
        {"clock_offset_certain_to_ns", env.clock_offset_certain_to_ns},
        {"work_ns_per_item", env.work_ns_per_item},
        {"work_steps_per_item", env.work_steps_per_item},
    };
    if (env.memory_node) {
        json["memory_node"] = *env.memory_node;
    }
}

const std::vector<std::string>& decisive_keys() {
    static const std::vector<std::string> keys = {"cpu_model",   "hypervisor",  "pus",
                                                  "topology",    "allowed_pus", "smt",
                                                  "kernel",      "governor",    "transparent_huge_pages",
                                                  "tick_source", "compiler",    "compiler_flags",
                                                  "build_type",  "assertions",  "pinned",
                                                  "cores",       "distance"};
    return keys;
}

}  // namespace bench
