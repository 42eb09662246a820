// SPDX-License-Identifier: MIT
// Reads segments as files, without mapping them: a damaged one does no harm here.
#include "tools/shm/survey.hpp"

#include "tools/common/command.hpp"

#include <weir/shm/broadcast_ring.hpp>
#include <weir/shm/message_ring.hpp>
#include <weir/shm/spsc_ring.hpp>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace weir::tool {
namespace {

using detail::segment_header;
using detail::segment_kind;
using detail::shm_spsc_state;
using broadcast_state = detail::shm_broadcast_state<detail::shm_seats>;

template <class T>
std::optional<T> read_at(int file, std::size_t offset) {
    T value;
    if (::pread(file, &value, sizeof value, static_cast<off_t>(offset)) != static_cast<ssize_t>(sizeof value))
        return std::nullopt;
    return value;
}

std::uint64_t word_of_state(int file, std::size_t offset) {
    return read_at<std::uint64_t>(file, detail::payload_offset + offset).value_or(0);
}

shm_end end_of(std::uint64_t word, bool is_known) {
    const detail::owner holder{word};
    if (!holder.is_held()) return {0, "free"};
    if (!is_known) return {holder.pid(), "unknown"};
    detail::process_watch watch;
    return {holder.pid(), watch.is_dead(holder) ? "died" : "runs"};
}

std::uint64_t own_pid_namespace() {
    struct stat of {};
    return ::stat("/proc/self/ns/pid", &of) == 0 ? of.st_ino : 0;
}

shm_positions item_positions_of(int file, bool is_known) {
    const std::uint64_t sent = word_of_state(file, offsetof(shm_spsc_state, sent));
    return {
        .pushed = sent / detail::one_item,
        .popped = word_of_state(file, offsetof(shm_spsc_state, taken)),
        .closed = (sent & detail::closed_bit) != 0,
        .producer = end_of(word_of_state(file, offsetof(shm_spsc_state, producer)), is_known),
        .consumer = end_of(word_of_state(file, offsetof(shm_spsc_state, consumer)), is_known),
        .producers = {},
    };
}

std::vector<shm_reader> readers_of(int file, std::uint64_t pushed, bool is_known) {
    std::vector<shm_reader> found;
    for (std::size_t i = 0; i < detail::shm_seats; ++i) {
        const std::size_t seat = offsetof(broadcast_state, seats) + i * sizeof(detail::shm_seat);
        const auto word = [&](std::size_t offset) { return word_of_state(file, seat + offset); };
        const std::uint64_t holder = word(offsetof(detail::shm_seat, holder));
        if (!detail::owner{holder}.is_held()) continue;
        using name_text = std::array<char, detail::seat_name::bytes>;
        const auto name = read_at<name_text>(file, detail::payload_offset + seat + offsetof(detail::shm_seat, name))
                              .value_or(name_text{});
        // A reader that is joining may stand before the first item.
        const std::uint64_t at = word(offsetof(detail::shm_seat, position));
        const auto lag = static_cast<std::int64_t>(pushed - at);
        found.push_back({.name = std::string(name.data(), ::strnlen(name.data(), name.size())),
                         .gated = word(offsetof(detail::shm_seat, gated_for)) == holder,
                         .lag = lag > 0 ? static_cast<std::uint64_t>(lag) : 0,
                         .missed = word(offsetof(detail::shm_seat, missed)),
                         .holder = end_of(holder, is_known)});
    }
    return found;
}

template <std::size_t Producers>
shm_positions message_positions_of(int file, bool is_known) {
    using state = detail::shm_message_state<Producers>;
    using words = detail::shm_message_end_words;
    const std::uint64_t tail = word_of_state(file, offsetof(state, tail));
    constexpr std::size_t consumer = offsetof(state, consumer) + offsetof(detail::shm_message_consumer_words, end);
    shm_positions found;
    found.pushed = state::position(tail);
    found.popped = word_of_state(file, offsetof(state, returned));
    found.closed = (tail & state::closed_bit) != 0;
    found.consumer = end_of(word_of_state(file, consumer + offsetof(words, owner)), is_known);
    found.messages_popped = word_of_state(file, consumer + offsetof(words, done));
    for (unsigned number = 0; number < Producers; ++number) {
        const std::size_t at = offsetof(state, producers) + number * sizeof(detail::shm_message_producer_words) +
                               offsetof(detail::shm_message_producer_words, end);
        const std::uint64_t owner = word_of_state(file, at + offsetof(words, owner));
        const std::uint64_t messages = word_of_state(file, at + offsetof(words, done));
        if (owner != 0 || messages != 0) found.producers.push_back({end_of(owner, is_known), number, messages});
    }
    return found;
}

shm_positions broadcast_positions_of(int file, std::uint64_t capacity, bool is_known) {
    const std::uint64_t sent = word_of_state(file, offsetof(broadcast_state, sent));
    const std::uint64_t pushed = sent / detail::one_item;
    auto readers = readers_of(file, pushed, is_known);
    std::uint64_t slowest = 0;
    for (const shm_reader& one : readers) slowest = std::max(slowest, one.gated ? std::min(one.lag, capacity) : 0);
    return {
        .pushed = pushed,
        .popped = pushed - slowest,
        .closed = (sent & detail::closed_bit) != 0,
        .producer = end_of(word_of_state(file, offsetof(broadcast_state, producer)), is_known),
        .consumer = {},
        .readers = std::move(readers),
        .producers = {},
    };
}

bool is_of_messages(segment_kind kind) {
    return kind == segment_kind::spsc_message_ring || kind == segment_kind::mpsc_message_ring;
}

shm_positions positions_of(int file, const segment_header& header, bool is_known) {
    switch (header.kind) {
    case segment_kind::spsc_message_ring: return message_positions_of<1>(file, is_known);
    case segment_kind::mpsc_message_ring: return message_positions_of<shm::most_message_producers>(file, is_known);
    case segment_kind::broadcast_ring: return broadcast_positions_of(file, header.capacity, is_known);
    case segment_kind::spsc_ring: break;
    }
    return item_positions_of(file, is_known);
}

// proc_locks(5): "1: FLOCK  ADVISORY  READ 812 00:1a:4711 0 EOF"
std::optional<std::vector<std::uint64_t>> users_of(const struct stat& file) {
    std::ifstream locks("/proc/locks");
    if (!locks) return std::nullopt;
    const std::string wanted = fmt::format("{:02x}:{:02x}:{}", ::major(file.st_dev), ::minor(file.st_dev), file.st_ino);
    std::vector<std::uint64_t> users;
    for (std::string line; std::getline(locks, line);) {
        std::istringstream words(line);
        std::string number, kind, advisory, access, place;
        std::int64_t pid = 0;
        if (!(words >> number >> kind >> advisory >> access >> pid >> place)) continue;
        if (kind == "FLOCK" && place == wanted)
            users.push_back(static_cast<std::uint64_t>(std::max<std::int64_t>(0, pid)));
    }
    std::sort(users.begin(), users.end());
    users.erase(std::unique(users.begin(), users.end()), users.end());
    return users;
}

std::string damage_of(const segment_header& header, std::uint64_t bytes) {
    if (header.layout != detail::segment_layout) return fmt::format("layout version {} of another weir", header.layout);
    if (header.checksum != header.right_checksum()) return "its header was overwritten";
    const bool is_known_kind = header.kind == segment_kind::spsc_ring || header.kind == segment_kind::broadcast_ring;
    if (!is_known_kind && !is_of_messages(header.kind)) return "a kind that this program does not know";
    if (header.bytes > bytes) return fmt::format("the file has {} of its {} bytes", bytes, header.bytes);
    return {};
}

std::optional<shm_segment> look_at(const std::string& path, const std::string& name) {
    const detail::owned_descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
    struct stat facts {};
    if (!file || ::fstat(file.get(), &facts) != 0 || !S_ISREG(facts.st_mode)) return std::nullopt;
    const auto header = read_at<segment_header>(file.get(), 0);
    if (!header || header->magic != segment_header::right_magic) return std::nullopt;
    shm_segment found;
    found.name = name;
    found.bytes = static_cast<std::uint64_t>(facts.st_size);
    found.mode = facts.st_mode & 07777U;
    found.users = users_of(facts);
    found.damage = damage_of(*header, found.bytes);
    found.kind = std::string(detail::to_string(header->kind));
    if (!found.damage.empty()) return found;
    found.type_name = header->printable_type_name();
    found.capacity = header->capacity;
    found.element_bytes = header->element_bytes;
    found.element_alignment = header->element_alignment;
    found.has_messages = is_of_messages(header->kind);
    found.positions = positions_of(file.get(), *header, header->pid_namespace == own_pid_namespace());
    return found;
}

// Of any file in that folder: a segment may have been copied to a name that create() refuses. What is no name of a file is a mistake
// of the command line.
std::string path_of(std::string_view name) {
    const std::string_view bare = name.substr(name.starts_with('/') ? 1 : 0);
    if (!bare.empty() && bare.find('/') == bare.npos) return std::string(detail::shm_folder) + std::string(bare);
    try {
        return detail::path_of_segment(name);
    } catch (const shm::error& wrong) {
        throw stop(wrong_usage, wrong.what());
    }
}

}  // namespace

bool sees_all_processes() {
    constexpr std::uint64_t of_the_system = 0xEFFFFFFC;  // PROC_PID_INIT_INO of the kernel
    return own_pid_namespace() == of_the_system;
}

std::vector<shm_segment> survey_segments() {
    std::vector<shm_segment> all;
    std::error_code ignored;
    for (const auto& entry : std::filesystem::directory_iterator(detail::shm_folder, ignored)) {
        if (auto found = look_at(entry.path().string(), entry.path().filename().string()))
            all.push_back(std::move(*found));
    }
    std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
    return all;
}

shm_segment survey_segment(std::string_view name) {
    const std::string path = path_of(name);
    if (auto found = look_at(path, path.substr(detail::shm_folder.size()))) return std::move(*found);
    throw stop(failed, fmt::format("there is no segment of weir's called '{}' that this user may read; 'weir shm list' "
                                   "shows what there is",
                                   name));
}

detail::name_use remove_segment(const shm_segment& segment) { return detail::remove_leftover(path_of(segment.name)); }

}  // namespace weir::tool
