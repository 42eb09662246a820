// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>

namespace weir::tool {

struct rgb {
    std::uint8_t red, green, blue;
};

/// "#ffeecc"
[[nodiscard]] std::string hex(rgb colour);

/// Whether white text is easier to read on this colour than black text.
[[nodiscard]] bool is_dark(rgb colour);

/// A colour scale from pale (0) to dark (1). It is ordered by lightness alone, so it works in print and for
/// colour-blind readers. `share` is clamped to [0, 1].
[[nodiscard]] rgb shade(double share);

/// A logarithmic scale between the least and the most value, because a distant pair can cost ten times a near one.
class log_scale {
public:
    /// 0 < least <= most
    log_scale(double least, double most) : least_(least), most_(most) {}

    [[nodiscard]] double share(double value) const;     ///< 0 to 1; one half if least equals most
    [[nodiscard]] double value_at(double share) const;  ///< the inverse

private:
    double least_;
    double most_;
};

}  // namespace weir::tool
