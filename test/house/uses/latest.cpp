// SPDX-License-Identifier: MIT
#include <weir/latest.hpp>

#include <array>
#include <cstddef>
#include <cstdint>

#include "test/house/uses/uses.hpp"

namespace {

struct levels {
    float left, right, peak;
};
struct book {
    std::array<double, 8> levels;
};
struct picture {
    std::array<std::byte, 8192> bytes;
};

template <class T>
bool works(const T& other) {
    static weir::latest<T> value;
    static T seen_in_place;
    value.adopt_writer();
    value.write(other);
    std::uint64_t version = 0;
    [[maybe_unused]] const T seen = value.read();
    [[maybe_unused]] const T same = value.read(version);
    if (version != 1 || value.version() != 1 || value.read_into(seen_in_place) != 1) return false;
    std::uint64_t known = 0;
    const bool was_newer = value.read_if_newer(known).has_value();
    if (const auto newer = value.read_if_newer(known)) return false;
    weir::latest<T> begun(other);
    return was_newer && known == 1 && begun.version() == 0;
}

}  // namespace

bool use_latest() { return works(1) && works('a') && works(levels{1, 2, 3}) && works(book{}) && works(picture{}); }
