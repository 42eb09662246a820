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

/// Whether white is easier to read on it than black.
[[nodiscard]] bool is_dark(rgb colour);

/// From pale, for the least, to dark, for the most; by lightness alone it is ordered too, for print and for eyes that
/// do not tell red from green. `share` is clamped to [0, 1].
[[nodiscard]] rgb shade(double share);

/// Where a value lies between the least and the most, by its logarithm: a far pair costs ten times a near one.
class log_scale {
public:
    /// 0 < least <= most
    log_scale(double least, double most) : least_(least), most_(most) {}

    [[nodiscard]] double share(double value) const;     ///< 0 to 1; one half where least and most are the same
    [[nodiscard]] double value_at(double share) const;  ///< the way back

private:
    double least_;
    double most_;
};

}  // namespace weir::tool
