// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "bench/report/summary.hpp"
#include "bench/run/environment.hpp"

namespace bench {

inline constexpr int schema_version = 1;

/// A results file. Constructing it creates the folder and makes sure that the file can be written, before anything is
/// measured; an existing file stays until write() replaces it as a whole.
class results_file {
public:
    /// Throws std::runtime_error with a sentence.
    explicit results_file(std::filesystem::path path);

    /// Throws std::runtime_error with a sentence, such as on a full disk.
    void write(const environment& env, const std::vector<scenario_summary>& scenarios) const;

    const std::filesystem::path& path() const { return path_; }

private:
    std::filesystem::path path_;
};

}  // namespace bench
