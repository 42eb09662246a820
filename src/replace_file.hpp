// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

namespace weir {

/// Makes `text` the contents of the file at `path`, as a whole: if the disk is full, or anything else fails, the file keeps its former
/// contents, and no other file is left behind. It keeps its permissions, and a symbolic link stays one, also where the file that
/// it names is made only now. Devices and pipes are written to as they are. Returns 0, or the errno of what failed.
[[nodiscard]] int replace_file(const std::string& path, std::string_view text);

}  // namespace weir
