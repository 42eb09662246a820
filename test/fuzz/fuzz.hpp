// SPDX-License-Identifier: MIT
//
// What the fuzzing programs share.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "weir/plan.hpp"

namespace fuzz {

/// A file in memory, with a name that may be opened.
class file {
public:
    explicit file(std::string_view text) : descriptor_(::memfd_create("fuzz", MFD_CLOEXEC)) {
        if (descriptor_ < 0) std::abort();
        while (!text.empty()) {
            const auto written = ::write(descriptor_, text.data(), text.size());
            if (written < 0) std::abort();
            text.remove_prefix(static_cast<std::size_t>(written));
        }
    }
    ~file() { ::close(descriptor_); }
    file(const file&) = delete;
    file& operator=(const file&) = delete;

    std::string path() const { return "/proc/self/fd/" + std::to_string(descriptor_); }

private:
    const int descriptor_;
};

/// The machine that measurements are read for.
inline const weir::topology& machine() {
    static const auto made_up = weir::topology::synthetic("pack:2 core:2 pu:2");
    return made_up;
}

/// The input, where @machine@ stands for the fingerprint of machine(): no mutation would hit upon it.
inline std::string text_of(const std::uint8_t* data, std::size_t size) {
    std::string text(reinterpret_cast<const char*>(data), size);
    constexpr std::string_view wildcard = "@machine@";
    for (std::size_t at = 0; (at = text.find(wildcard, at)) != std::string::npos;) {
        text.replace(at, wildcard.size(), fingerprint(machine()));
    }
    return text;
}

/// Plans with measurements that `load(measured, path)` reads from the input.
template <class Load>
int plan_with(const std::uint8_t* data, std::size_t size, Load load) {
    const file input(text_of(data, size));
    try {
        weir::measurements measured;
        load(measured, input.path());
        weir::plan_request asked;
        asked.add_edge("a->b@1Mps");
        asked.add_edge("b->c");
        asked.add_role("c:quiet");
        (void)weir::plan(asked, machine(), measured).to_json();
    } catch (const weir::placement_error&) {
    }
    return 0;
}

}  // namespace fuzz
