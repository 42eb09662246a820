// SPDX-License-Identifier: MIT
#include "tools/plan/placement.hpp"

#include "src/plain_text.hpp"
#include "tools/common/command.hpp"
#include "tools/common/process_threads.hpp"

#include <fmt/format.h>
#include <algorithm>
#include <charconv>
#include <map>
#include <utility>

namespace weir::tool {
namespace {

std::string names_of(const plan_request& asked) {
    std::string names;
    for (const auto& role : asked.roles) names += (names.empty() ? "" : ", ") + role.name;
    return names;
}

void check_known(const std::string& role, const plan_request& asked, const std::string& what) {
    for (const auto& known : asked.roles)
        if (known.name == role) return;
    throw stop(wrong_usage, fmt::format("{} has a role '{}', which does not exist: the roles are {}", what,
                                        printable(role), names_of(asked)));
}

std::vector<unsigned> in_order(const std::map<std::string, unsigned>& places, const plan_request& asked,
                               const std::string& what) {
    for (const auto& [role, pu] : places) check_known(role, asked, what);
    std::vector<unsigned> pus;
    for (const auto& role : asked.roles) {
        const auto found = places.find(role.name);
        if (found == places.end())
            throw stop(wrong_usage, fmt::format("{} has no place for role '{}': give one for each of {}", what,
                                                role.name, names_of(asked)));
        pus.push_back(found->second);
    }
    return pus;
}

std::pair<std::string, unsigned> read_pair(const std::string& text) {
    const auto sign = text.find('=');
    unsigned pu = 0;
    if (sign != std::string::npos && sign != 0) {
        const auto [end, error] = std::from_chars(text.data() + sign + 1, text.data() + text.size(), pu);
        if (error == std::errc{} && end == text.data() + text.size()) return {text.substr(0, sign), pu};
    }
    throw stop(wrong_usage, fmt::format("--check: '{}' is neither a file nor a place: write role=PU, as in md=3,gw=4",
                                        printable(text)));
}

}  // namespace

existing_placement placement_of_plan(const std::string& file, const plan_request& asked, const topology& machine) {
    const auto plan = placement_plan::load(file, machine);
    existing_placement found{asked.roles.empty() ? plan.request() : asked, {}, {}};
    std::map<std::string, unsigned> places;
    for (const auto& role : plan.roles) places.emplace(role.asked.name, role.pu);
    found.pus = in_order(places, found.asked, file);
    return found;
}

existing_placement placement_of_pairs(const std::vector<std::string>& words, const plan_request& asked) {
    if (asked.roles.empty())
        throw stop(wrong_usage,
                   "--check gives places, but there are no roles: give edges, as in --edge 'md->strat', or "
                   "a file with --roles");
    std::map<std::string, unsigned> places;
    for (const auto& word : words)
        for (std::size_t begin = 0; begin <= word.size();) {
            const auto end = std::min(word.find(',', begin), word.size());
            const auto [role, pu] = read_pair(word.substr(begin, end - begin));
            if (const auto [known, is_new] = places.emplace(role, pu); !is_new && known->second != pu)
                throw stop(wrong_usage, fmt::format("--check: '{}' is on PU {} and on PU {}: give one of them",
                                                    printable(role), known->second, pu));
            begin = end + 1;
        }
    return {asked, in_order(places, asked, "--check"), {}};
}

existing_placement placement_of_process(long process, const plan_request& asked) {
    if (asked.roles.empty())
        throw stop(wrong_usage,
                   "--check --pid gives places, but there are no roles: give edges, as in --edge "
                   "'md->strat', a file with --roles, or a plan with --check FILE");
    std::vector<std::string> names;
    for (const auto& role : asked.roles) names.push_back(role.name);
    check_thread_names(names);
    const auto threads = threads_of(process);
    if (threads.empty()) throw stop(failed, no_such_process(process));
    existing_placement found{asked, {}, {}};
    for (const auto& role : asked.roles) {
        const process_thread* own = nullptr;
        for (const auto& thread : threads) {
            if (thread.name != thread_name_of(role.name)) continue;
            if (own != nullptr)
                throw stop(failed, fmt::format("threads {} and {} of process {} are both named '{}': name each role's "
                                               "thread by pthread_setname_np",
                                               own->id, thread.id, process, thread.name));
            own = &thread;
        }
        if (own == nullptr) {
            std::string seen;
            for (const auto& thread : threads) seen += (seen.empty() ? "" : ", ") + thread.name;
            throw stop(failed, fmt::format("process {} has no thread named '{}': it has {}; name threads by "
                                           "pthread_setname_np",
                                           process, thread_name_of(role.name), seen));
        }
        if (own->may_use.size() == 1)
            found.pus.push_back(own->may_use.front());
        else if (own->last_pu)
            found.pus.push_back(*own->last_pu);
        else
            throw stop(failed, fmt::format("the kernel does not say where thread {} ('{}') runs", own->id, own->name));
        if (own->may_use.size() != 1)
            found.remarks.push_back(fmt::format("{} is not pinned: it was seen on {}", role.name, place_of(*own)));
    }
    return found;
}

}  // namespace weir::tool
