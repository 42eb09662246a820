// SPDX-License-Identifier: MIT
#include "journal.hpp"
#include "numbers.hpp"
#include "session.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

namespace weir::jetstream {
namespace {

// A line of text, then records: length, number, FNV-1a of the bytes, the bytes.
constexpr std::string_view journal_head = "weir journal 1 ";
constexpr std::size_t journal_record_bytes = 20;

std::uint64_t fnv1a(std::string_view bytes, std::uint64_t hash = 14695981039346656037U) noexcept {
    for (const char c : bytes) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211U;
    return hash;
}

std::string journal_record(std::uint64_t number, std::string_view item) {
    char head[journal_record_bytes];
    put_number(head, static_cast<std::uint32_t>(item.size()));
    put_number(head + 4, number);
    put_number(head + 12, fnv1a(item, fnv1a({head, 12})));
    return std::string(head, sizeof(head)).append(item);
}

}  // namespace

journal::journal(const std::string& path, const std::string& link_name, bool sync)
    : path_(path), link_name_(link_name), sync_(sync) {
    descriptor_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (descriptor_ < 0) refuse("the journal '" + path + "' cannot be opened: " + std::strerror(errno));
    try {
        if (::flock(descriptor_, LOCK_EX | LOCK_NB) != 0)
            refuse("the journal '" + path + "' is in use by a process that lives: end that process first");
        struct stat found {};
        struct stat named {};
        if (::fstat(descriptor_, &found) != 0 || ::stat(path.c_str(), &named) != 0)
            refuse("the journal '" + path + "' cannot be read: " + std::strerror(errno));
        if (found.st_ino != named.st_ino)
            refuse("the journal '" + path + "' was replaced by another process at this moment: end that process first");
        std::string text(static_cast<std::size_t>(found.st_size), '\0');
        std::size_t got = 0;
        while (got < text.size()) {
            const auto some = ::pread(descriptor_, text.data() + got, text.size() - got, static_cast<off_t>(got));
            if (some < 0 && errno == EINTR) continue;
            if (some <= 0) break;
            got += static_cast<std::size_t>(some);
        }
        text.resize(got);
        is_new_ = text.find('\n') == std::string::npos;  // killed before its first line was whole, at the latest
        if (!is_new_) read_all(text);
    } catch (...) {
        ::close(descriptor_);
        throw;
    }
}

journal::~journal() { ::close(descriptor_); }

std::string journal::header() const {
    return std::string(journal_head) + "link=" + link_name_ + " first=" + std::to_string(first_) + "\n";
}

void journal::read_all(std::string_view text) {
    const auto line = text.substr(0, text.find('\n'));
    const auto first = number_in(line, "first");
    if (!line.starts_with(journal_head) || !first)
        refuse("the file '" + path_ + "' is no journal of weir: choose another file");
    if (line.find("link=" + link_name_ + " ") == std::string_view::npos)
        refuse("the journal '" + path_ + "' is not of the link '" + link_name_ + "': its first line says '" +
               std::string(line.substr(0, 80)) + "'; give each link a journal of its own");
    first_ = *first;
    std::size_t at = line.size() + 1;
    while (text.size() - at >= journal_record_bytes) {
        const char* const head = text.data() + at;
        const auto length = get_number<std::uint32_t>(head);
        if (length > text.size() - at - journal_record_bytes) break;
        const auto item = text.substr(at + journal_record_bytes, length);
        const bool fits = get_number<std::uint64_t>(head + 4) == end() &&
                          get_number<std::uint64_t>(head + 12) == fnv1a(item, fnv1a({head, 12}));
        if (!fits) {
            if (at + journal_record_bytes + length == text.size()) break;  // the last one, torn
            refuse("the journal '" + path_ + "' is damaged at byte " + std::to_string(at) +
                   ": its items cannot be sent again; remove it to begin without them");
        }
        items_.emplace_back(item);
        kept_bytes_ += length;
        at += journal_record_bytes + length;
    }
    if (::ftruncate(descriptor_, static_cast<off_t>(at)) != 0 ||
        ::lseek(descriptor_, static_cast<off_t>(at), SEEK_SET) < 0)
        refuse("the journal '" + path_ + "' cannot be cut to its whole records: " + std::strerror(errno));
    bytes_ = at;
}

void journal::begin_at(std::uint64_t number) {
    first_ = number;
    items_.clear();
    kept_bytes_ = 0;
    unwritten_.clear();
    rewrite();
}

void journal::append(std::string_view item) {
    unwritten_ += journal_record(end(), item);
    items_.emplace_back(item);
    kept_bytes_ += item.size();
}

void journal::write(std::string_view text) {
    while (!text.empty()) {
        const auto some = ::write(descriptor_, text.data(), text.size());
        if (some < 0 && errno == EINTR) continue;
        if (some < 0)
            refuse("the journal '" + path_ + "' cannot be written: " + std::strerror(errno) +
                   "; nothing was published that is not in it");
        text.remove_prefix(static_cast<std::size_t>(some));
        bytes_ += static_cast<std::uint64_t>(some);
    }
}

void journal::flush() {
    if (unwritten_.empty()) return;
    write(unwritten_);
    unwritten_.clear();
    if (sync_ && ::fdatasync(descriptor_) != 0)
        refuse("the journal '" + path_ + "' cannot be synced: " + std::strerror(errno));
}

void journal::forget_below(std::uint64_t number) {
    while (first_ < number && !items_.empty()) {
        kept_bytes_ -= items_.front().size();
        items_.pop_front();
        ++first_;
    }
    const std::uint64_t needed = kept_bytes_ + items_.size() * journal_record_bytes;
    constexpr std::uint64_t slack = 1 << 20;
    if (bytes_ > slack + 4 * needed) rewrite();
}

// A new file takes the place of the old one in one step, and is locked before it does.
void journal::rewrite() {
    const std::string draft = path_ + ".part";
    const int fresh = ::open(draft.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fresh < 0) refuse("the journal '" + path_ + "' cannot be written anew: " + std::strerror(errno));
    const int old = std::exchange(descriptor_, fresh);
    bytes_ = 0;
    std::string text = header();
    for (std::uint64_t number = first_; number < end(); ++number) text += journal_record(number, item(number));
    unwritten_.clear();
    try {
        if (::flock(fresh, LOCK_EX | LOCK_NB) != 0) refuse("the journal '" + draft + "' is in use by another process");
        write(text);
        if (sync_ && ::fdatasync(fresh) != 0)
            refuse("the journal '" + path_ + "' cannot be synced: " + std::strerror(errno));
        if (std::rename(draft.c_str(), path_.c_str()) != 0)
            refuse("the journal '" + path_ + "' cannot be replaced: " + std::strerror(errno));
    } catch (...) {
        ::close(fresh);
        ::unlink(draft.c_str());
        descriptor_ = old;
        throw;
    }
    ::close(old);
}

}  // namespace weir::jetstream
