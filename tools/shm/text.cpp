// SPDX-License-Identifier: MIT
// The table of `weir shm list`, and what `weir shm show` says of one segment.
#include "tools/common/command.hpp"
#include "tools/common/text_table.hpp"
#include "tools/shm/survey.hpp"

#include <weir/detail/base/plain_text.hpp>

#include <fmt/format.h>
#include <algorithm>
#include <map>

namespace weir::tool {
namespace {

std::string end_in_words(const shm_end& end) {
    return end.pid == 0 ? end.state : fmt::format("{} ({})", end.pid, end.state);
}

std::string producers_in_short(const shm_segment& segment) {
    const auto& at = *segment.positions;
    if (!segment.has_messages) return end_in_words(at.producer);
    if (at.producers.empty()) return "free";
    if (at.producers.size() == 1) return end_in_words(at.producers.front().end);
    std::map<std::string, int> counts;
    for (const auto& one : at.producers) ++counts[one.end.state];
    std::string text;
    for (const auto& [state, count] : counts) text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count, state);
    return text;
}

std::string used_by(const shm_segment& segment) {
    if (!segment.users) return "unknown";
    if (!segment.users->empty()) return fmt::format("{}", segment.users->size());
    return sees_all_processes() ? "no process" : "none here";
}

std::string readers_in_words(const std::vector<shm_reader>& readers) {
    const auto dead =
        std::count_if(readers.begin(), readers.end(), [](const auto& r) { return r.holder.state == "died"; });
    const std::string all = fmt::format("{} reader{}", readers.size(), readers.size() == 1 ? "" : "s");
    return dead == 0 ? all : fmt::format("{} ({} died)", all, dead);
}

std::string queued(const shm_segment& segment) {
    const auto& at = *segment.positions;
    if (at.contradict(segment.capacity)) return "corrupted";
    return fmt::format("{} of {}{}", at.pushed - at.popped, segment.capacity, segment.has_messages ? " bytes" : "");
}

std::string users_in_words(const shm_segment& segment) {
    if (!segment.users) return "unknown: /proc/locks cannot be read";
    if (!segment.users->empty()) return fmt::format("{}", fmt::join(*segment.users, " "));
    return sees_all_processes()
               ? "no process; 'weir shm clean' removes it"
               : "no process of this PID namespace; 'weir shm clean' removes it if no other has one that uses it";
}

}  // namespace

std::string segments_as_table(const std::vector<shm_segment>& segments) {
    if (segments.empty()) return "no segments of weir's in /dev/shm\n";
    std::vector<table_line> lines{{"name", "kind", "type", "bytes", "queued", "producer", "consumer", "users"}};
    for (const auto& segment : segments) {
        const std::string name = detail::printable(segment.name);
        if (!segment.positions) {
            lines.push_back(
                {name, segment.kind, segment.damage, byte_size(segment.bytes), "-", "-", "-", used_by(segment)});
            continue;
        }
        lines.push_back({name, segment.kind, segment.type_name, byte_size(segment.bytes), queued(segment),
                         producers_in_short(segment),
                         segment.positions->readers ? readers_in_words(*segment.positions->readers)
                                                    : end_in_words(segment.positions->consumer),
                         used_by(segment)});
    }
    return aligned(lines);
}

std::string segment_as_text(const shm_segment& segment) {
    std::vector<table_line> lines{{"name", detail::printable(segment.name)},
                                  {"kind", segment.kind},
                                  {"bytes", fmt::format("{}", segment.bytes)},
                                  {"mode", fmt::format("{:04o}", segment.mode)}};
    if (!segment.damage.empty()) lines.push_back({"damage", segment.damage});
    if (segment.positions) {
        const auto& at = *segment.positions;
        lines.push_back({"type", segment.type_name});
        if (segment.has_messages) {
            lines.push_back({"capacity", fmt::format("{} bytes", segment.capacity)});
            std::uint64_t messages = 0;
            for (const auto& one : at.producers) messages += one.messages;
            lines.push_back({"pushed", fmt::format("{} messages", messages)});
            lines.push_back({"popped", fmt::format("{} messages", at.messages_popped)});
        } else {
            lines.push_back({"capacity", fmt::format("{} items of {} bytes", segment.capacity, segment.element_bytes)});
            lines.push_back({"pushed", fmt::format("{}", at.pushed)});
            lines.push_back({at.readers ? "read by all" : "popped", fmt::format("{}", at.popped)});
        }
        lines.push_back({"queued", queued(segment)});
        lines.push_back({"closed", at.closed ? "yes" : "no"});
        if (!segment.has_messages) lines.push_back({"producer", end_in_words(at.producer)});
        for (const auto& one : at.producers) {
            lines.push_back({fmt::format("producer {}", one.number),
                             fmt::format("{}, {} messages", end_in_words(one.end), one.messages)});
        }
        if (!at.readers) lines.push_back({"consumer", end_in_words(at.consumer)});
        for (const shm_reader& one : at.readers.value_or(std::vector<shm_reader>{})) {
            lines.push_back({fmt::format("reader {}", one.name.empty() ? "without a name" : detail::printable(one.name)),
                             fmt::format("{}: {}, lag {}, missed {}", end_in_words(one.holder),
                                         one.gated ? "gated" : "lossy", one.lag, one.missed)});
        }
    }
    lines.push_back({"users", users_in_words(segment)});
    return aligned(lines);
}

}  // namespace weir::tool
