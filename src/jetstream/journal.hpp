// SPDX-License-Identifier: MIT
#pragma once

// The file in which a producer keeps its unfinished items: they are appended before they are published, and the file is written anew,
// with the unfinished ones alone, when most of it is not needed any more. What was written survives the process; what was synced
// survives the machine.

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

namespace weir::jetstream {

class journal {
public:
    /// Opens or creates the file, locks it, and reads what is in it. A record that is cut off at the end was never published, and
    /// is dropped. Throws error if the file is another link's or no journal, is locked by a process, cannot be read to its end, or is
    /// damaged elsewhere; the file is then left as it is. A symbolic link stays one, and the file keeps its permissions.
    journal(const std::string& path, const std::string& link_name, bool sync);
    ~journal();
    journal(const journal&) = delete;
    journal& operator=(const journal&) = delete;

    /// Number of the item that is appended next.
    std::uint64_t end() const noexcept { return first_ + items_.size(); }
    /// Number of the oldest item that is kept.
    std::uint64_t first() const noexcept { return first_; }
    bool is_new() const noexcept { return is_new_; }
    /// An item that is kept: first() <= number < end().
    std::string_view item(std::uint64_t number) const noexcept { return items_[number - first_]; }

    /// Begins at that number, without items. For a new journal.
    void begin_at(std::uint64_t number);
    /// Keeps an item under the number end(). Written by flush().
    void append(std::string_view item);
    /// Writes what was appended. Throws error when the file cannot take it.
    void flush();
    /// Items below `number` are not needed any more.
    void forget_below(std::uint64_t number);

private:
    bool is_begun_header(std::string_view text) const;
    [[noreturn]] void refuse_damaged(std::size_t at) const;
    void read_all(std::string_view text);
    void rewrite();
    void write(std::string_view text);
    std::string header() const;

    std::string path_;
    std::string link_name_;
    bool sync_;
    bool is_new_ = false;
    int descriptor_ = -1;
    std::uint64_t first_ = 0;
    std::uint64_t bytes_ = 0;       // of the file
    std::uint64_t kept_bytes_ = 0;  // of the items
    std::deque<std::string> items_;
    std::string unwritten_;
};

}  // namespace weir::jetstream
