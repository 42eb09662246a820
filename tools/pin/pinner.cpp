// SPDX-License-Identifier: MIT
#include "tools/pin/pinner.hpp"

#include "src/json_text.hpp"
#include "tools/common/measuring_options.hpp"
#include "tools/common/text_table.hpp"
#include "tools/common/words.hpp"

#include <weir/version.hpp>

#include <fmt/format.h>
#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

namespace weir::tool {
namespace {

using json = nlohmann::ordered_json;

const process_thread* with_id(const std::vector<process_thread>& threads, long id) {
    const auto found =
        std::find_if(threads.begin(), threads.end(), [&](const process_thread& thread) { return thread.id == id; });
    return found == threads.end() ? nullptr : &*found;
}

std::string sentence(const pinned_role& role, const pin_wait& waited) {
    const auto time = seconds_in_words(waited.seconds);
    if (!role.thread && waited.has_ended)
        return fmt::format("role '{}' has no thread: the program ended after {}, and none was named '{}'",
                           role.place.role, time, thread_name_of(role.place.role));
    if (!role.thread)
        return fmt::format(
            "role '{}' has no thread: none was named '{}' within {}; name it by pthread_setname_np, or wait "
            "longer with --for",
            role.place.role, thread_name_of(role.place.role), time);
    return fmt::format("role '{}' is not on {}: thread {}: {}", role.place.role, pus_in_words(role.place.pus),
                       *role.thread, role.failure);
}

std::string ids(const std::vector<long>& threads) {
    std::string text;
    for (const long id : threads) text += fmt::format("{}{}", text.empty() ? "" : ", ", id);
    return text;
}

}  // namespace

pinner::pinner(const std::vector<role_place>& places, set_place set) : set_(std::move(set)) {
    for (const auto& place : places) roles_.push_back({place, std::nullopt, {}, {}, {}});
}

void pinner::look(const std::vector<process_thread>& threads) {
    for (auto& role : roles_) {
        const auto name = thread_name_of(role.place.role);
        if (role.thread) {
            const auto* const own = with_id(threads, *role.thread);
            if (own == nullptr || own->name != name) {
                // Failure is ignored: the thread may have ended.
                if (own != nullptr && !role.before.empty()) (void)set_(own->id, role.before);
                role.thread.reset();
                role.failure.clear();
            }
        }
        role.namesakes.clear();
        for (const auto& thread : threads) {
            if (thread.name != name || thread.id == role.thread) continue;
            if (role.thread) {
                role.namesakes.push_back(thread.id);
                continue;
            }
            role.thread = thread.id;
            role.before = thread.may_use;
            role.failure = set_(thread.id, role.place.pus);
        }
    }
}

void pinner::verify(const std::vector<process_thread>& threads) {
    for (auto& role : roles_) {
        if (!role.has_place()) continue;
        const auto* const own = with_id(threads, *role.thread);
        if (own != nullptr && own->may_use != role.place.pus)
            role.failure = fmt::format("it was moved to {} meanwhile", pus_in_words(own->may_use));
    }
}

bool pinner::all_have_a_thread() const {
    return std::all_of(roles_.begin(), roles_.end(), [](const pinned_role& role) { return role.thread.has_value(); });
}

bool pinner::all_have_their_place() const {
    return std::all_of(roles_.begin(), roles_.end(), [](const pinned_role& role) { return role.has_place(); });
}

std::string pinned_as_text(const pinner& found, const pin_wait& waited) {
    std::vector<table_line> lines{{"role", "thread", "PU", ""}};
    for (const auto& role : found.roles())
        lines.push_back({role.place.role, role.thread ? fmt::format("{}", *role.thread) : "-",
                         role.place.pus.to_string(),
                         role.has_place() ? "pinned, read back"
                         : role.thread    ? "refused"
                                          : "no thread"});
    auto text = aligned(lines, {side::left, side::right, side::right});
    for (const auto& role : found.roles()) {
        if (!role.has_place()) text += "  " + wrapped(sentence(role, waited), 2, 4) + "\n";
        if (!role.namesakes.empty())
            text += "  " +
                    wrapped(fmt::format("also named '{}', and left alone: {}; a role is one thread", role.place.role,
                                        ids(role.namesakes)),
                            2, 4) +
                    "\n";
    }
    return text;
}

std::string pinned_as_json(const pinner& found, long process, const pin_wait& waited) {
    json all{{"schema_version", 1},
             {"kind", "weir pin"},
             {"weir_version", WEIR_VERSION_STRING},
             {"process", process},
             {"all_have_their_place", found.all_have_their_place()},
             {"roles", json::array()}};
    for (const auto& role : found.roles())
        all["roles"].push_back({{"name", role.place.role},
                                {"pus", role.place.pus.to_string()},
                                {"thread", role.thread ? json(*role.thread) : json(nullptr)},
                                {"has_place", role.has_place()},
                                {"problem", role.has_place() ? json(nullptr) : json(sentence(role, waited))},
                                {"namesakes", role.namesakes}});
    return json_text(all);
}

}  // namespace weir::tool
