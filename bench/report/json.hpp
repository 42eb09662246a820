// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <fstream>
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
    ~results_file();
    results_file(const results_file&) = delete;
    results_file& operator=(const results_file&) = delete;

    void write(const environment& env, const std::vector<scenario_summary>& scenarios);

    const std::filesystem::path& path() const { return path_; }

private:
    std::filesystem::path path_;
    std::filesystem::path draft_;
    std::ofstream stream_;
};

}  // namespace bench
