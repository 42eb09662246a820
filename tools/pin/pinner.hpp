// SPDX-License-Identifier: MIT
#pragma once

// Gives the threads of a process the places of a plan, by their names.

#include "tools/common/process_threads.hpp"
#include "tools/common/role_places.hpp"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace weir::tool {

struct pinned_role {
    role_place place;
    std::optional<long> thread;   ///< that has the place; empty: none found
    std::string failure;          ///< why its thread could not have it; empty if it has, or if there is no thread
    pu_set before;                ///< what the thread could use before
    std::vector<long> namesakes;  ///< other threads of that name: they were left alone

    [[nodiscard]] bool has_place() const { return thread && failure.empty(); }
};

class pinner {
public:
    /// Restricts a thread to PUs: see set_thread_place().
    using set_place = std::function<std::string(long thread, const pu_set& pus)>;

    explicit pinner(const std::vector<role_place>& places, set_place set = set_thread_place);

    /// Call it with the threads as they are now, again and again. A role takes the first thread of its name. If that thread ends or
    /// takes another name, as one does that had its parent's name at first, it gets its former PUs back, and the role takes another.
    void look(const std::vector<process_thread>& threads);

    /// Reads every place back: a role whose thread has other PUs by now has failed.
    void verify(const std::vector<process_thread>& threads);

    [[nodiscard]] const std::vector<pinned_role>& roles() const noexcept { return roles_; }
    [[nodiscard]] bool all_have_a_thread() const;
    [[nodiscard]] bool all_have_their_place() const;

private:
    std::vector<pinned_role> roles_;
    set_place set_;
};

/// How long threads were looked for, and whether that was until the program ended.
struct pin_wait {
    double seconds = 0;
    bool has_ended = false;
};

/// The table of `weir pin`, and a sentence for each role that has no place.
[[nodiscard]] std::string pinned_as_text(const pinner& found, const pin_wait& waited);
[[nodiscard]] std::string pinned_as_json(const pinner& found, long process, const pin_wait& waited);

}  // namespace weir::tool
