// SPDX-License-Identifier: MIT
//
// A file to write to. Errors are sentences in std::runtime_error.
#pragma once

#include <cstdio>
#include <memory>
#include <string>

#include "udp_socket.hpp"

namespace trading {

using output_file = std::unique_ptr<std::FILE, int (*)(std::FILE*)>;

inline output_file open_to_write(const std::string& path) {
    output_file made(path.empty() ? nullptr : std::fopen(path.c_str(), "w"), &std::fclose);
    if (!path.empty() && !made)
        fail_with_errno("cannot write " + path, "choose a file in a folder that you may write to");
    return made;
}
inline void close_written(output_file written, const std::string& path) {
    if (written && std::fclose(written.release()) != 0) fail_with_errno("cannot write all of " + path);
}

}  // namespace trading
