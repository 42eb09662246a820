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
#include <cstdlib>
#include <cstring>
#include <memory>
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

// Whether a whole record with that number or a later one begins anywhere in the bytes.
bool has_record_from(std::string_view bytes, std::uint64_t number) {
    for (std::size_t at = 0; bytes.size() - at >= journal_record_bytes; ++at) {
        const char* const head = bytes.data() + at;
        const auto found = get_number<std::uint64_t>(head + 4);
        if (found < number || found - number > bytes.size()) continue;
        const auto length = get_number<std::uint32_t>(head);
        if (length > bytes.size() - at - journal_record_bytes) continue;
        const auto item = bytes.substr(at + journal_record_bytes, length);
        if (get_number<std::uint64_t>(head + 12) == fnv1a(item, fnv1a({head, 12}))) return true;
    }
    return false;
}

// Whether the rest of a file can be one record with that number of which a crash left a part: its number is right as far as it is
// there, and no later record follows.
bool can_be_torn(std::string_view rest, std::uint64_t number) {
    if (rest.size() < 12) return true;
    return get_number<std::uint64_t>(rest.data() + 4) == number && !has_record_from(rest.substr(1), number + 1);
}

// The file that symbolic links lead to; the path as it is if there is none.
std::string real_path_of(const std::string& path) {
    const std::unique_ptr<char, decltype(&std::free)> found(::realpath(path.c_str(), nullptr), &std::free);
    return found ? std::string(found.get()) : path;
}

// A name in a folder survives the machine when the folder is synced.
int sync_folder_of(const std::string& path) {
    const auto slash = path.rfind('/');
    const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
    const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0) return errno;
    // Some file systems cannot sync a folder, and say so by EINVAL.
    const int failure = ::fsync(descriptor) != 0 && errno != EINVAL ? errno : 0;
    ::close(descriptor);
    return failure;
}

}  // namespace

journal::journal(const std::string& path, const std::string& link_name, bool sync)
    : path_(path), link_name_(link_name), sync_(sync) {
    descriptor_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (descriptor_ < 0) refuse("the journal '" + path + "' cannot be opened: " + std::strerror(errno));
    path_ = real_path_of(path);
    try {
        if (::flock(descriptor_, LOCK_EX | LOCK_NB) != 0)
            refuse("the journal '" + path + "' is in use by a process that lives: end that process first");
        struct stat found {};
        struct stat named {};
        if (::fstat(descriptor_, &found) != 0 || ::stat(path.c_str(), &named) != 0)
            refuse("the journal '" + path + "' cannot be read: " + std::strerror(errno));
        if (!S_ISREG(found.st_mode)) refuse("the journal '" + path + "' is no regular file: choose another file");
        if (found.st_ino != named.st_ino || found.st_dev != named.st_dev)
            refuse("the journal '" + path + "' was replaced by another process at this moment: end that process first");
        std::string text(static_cast<std::size_t>(found.st_size), '\0');
        std::size_t got = 0;
        while (got < text.size()) {
            const auto some = ::pread(descriptor_, text.data() + got, text.size() - got, static_cast<off_t>(got));
            if (some < 0 && errno == EINTR) continue;
            if (some < 0) refuse("the journal '" + path + "' cannot be read: " + std::strerror(errno));
            if (some == 0)
                refuse("the journal '" + path + "' ended at byte " + std::to_string(got) + " of " +
                       std::to_string(text.size()) + " while it was read: nothing may write to it but its link");
            got += static_cast<std::size_t>(some);
        }
        is_new_ = is_begun_header(text);
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

// Killed before its first line was whole: the line without its end, or with a number that lacks digits.
bool journal::is_begun_header(std::string_view text) const {
    const std::string start = std::string(journal_head) + "link=" + link_name_ + " first=";
    return text.size() <= start.size()
               ? std::string_view(start).starts_with(text)
               : text.starts_with(start) && text.size() <= start.size() + 20 &&
                     text.find_first_not_of("0123456789", start.size()) == std::string_view::npos;
}

void journal::refuse_damaged(std::size_t at) const {
    refuse("the journal '" + path_ + "' is damaged at byte " + std::to_string(at) +
           ": its items cannot be sent again; remove it to begin without them");
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
            if (at + journal_record_bytes + length == text.size()) break;
            refuse_damaged(at);
        }
        items_.emplace_back(item);
        kept_bytes_ += length;
        at += journal_record_bytes + length;
    }
    if (!can_be_torn(text.substr(at), end())) refuse_damaged(at);
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
    struct stat before {};
    if (::fstat(descriptor_, &before) != 0)
        refuse("the journal '" + path_ + "' cannot be read: " + std::strerror(errno));
    ::unlink(draft.c_str());  // of a process that was killed
    const int fresh = ::open(draft.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fresh < 0) refuse("the journal '" + path_ + "' cannot be written anew: " + std::strerror(errno));
    const int old = std::exchange(descriptor_, fresh);
    bytes_ = 0;
    std::string text = header();
    for (std::uint64_t number = first_; number < end(); ++number) text += journal_record(number, item(number));
    unwritten_.clear();
    try {
        if (::flock(fresh, LOCK_EX | LOCK_NB) != 0) refuse("the journal '" + draft + "' is in use by another process");
        if (::fchmod(fresh, before.st_mode & 07777) != 0)
            refuse("the journal '" + path_ + "' cannot keep its permissions: " + std::strerror(errno));
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
    if (const int failure = sync_ ? sync_folder_of(path_) : 0; failure != 0)
        refuse("the folder of the journal '" + path_ + "' cannot be synced: " + std::strerror(failure));
}

}  // namespace weir::jetstream
