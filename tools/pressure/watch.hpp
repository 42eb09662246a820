// SPDX-License-Identifier: MIT
#pragma once

#include "tools/pressure/board.hpp"
#include "tools/pressure/drive.hpp"

#include <cstddef>
#include <cstdio>
#include <span>
#include <string>
#include <string_view>

namespace weir::tool::pressure {

/// Where the watcher writes, and which terminal features it may use.
struct screen {
    bool redraws = false;  ///< a terminal that supports cursor movement
    bool colours = false;  ///< and NO_COLOR is not set
    std::size_t columns = 80;

    static screen of_stderr();
};

/// Shows a run in progress on stderr: redrawn a few times a second on a terminal; otherwise one line at the end of
/// each phase.
class watcher {
public:
    watcher(const screen& where, const run_plan& plan, std::string_view policy, std::size_t which, std::size_t of);

    /// Shows the current state of the board.
    void look(const board& run);
    /// Shows the final state; its lines stay visible.
    void end(const board& run);

private:
    struct moment;

    moment at(std::span<const sample> looks) const;
    std::string line(const moment& now) const;
    std::string picture(const moment& now, std::span<const sample> looks) const;
    void draw(std::span<const sample> looks);
    std::size_t phase_of(double at_s) const;
    std::string bright(const std::string& text) const;

    const screen where_;
    const run_plan plan_;
    const std::string name_;
    const std::string place_;  ///< "(3 of 8)"
    std::size_t lines_drawn_ = 0;
    std::size_t phases_told_ = 0;
};

}  // namespace weir::tool::pressure
