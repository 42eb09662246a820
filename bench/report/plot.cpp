// SPDX-License-Identifier: MIT
#include "bench/report/plot.hpp"

#include <sys/wait.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <vector>

#include <fmt/format.h>

#include "bench/report/plot_scripts.hpp"
#include "bench/report/results.hpp"
#include "instruments/option_values.hpp"

namespace bench {
namespace {

/// Runs gnuplot to draw one picture. Throws std::runtime_error with a sentence.
void draw(const std::string& script, const std::filesystem::path& picture) {
    std::FILE* const gnuplot = popen("gnuplot", "w");
    if (gnuplot == nullptr) {
        throw std::runtime_error{"--plot: no process could be started"};
    }
    std::fputs(script.c_str(), gnuplot);
    const int status = pclose(gnuplot);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 127) {
        throw std::runtime_error{"--plot: there is no gnuplot; install it (Debian: apt-get install gnuplot-nox)"};
    }
    if (status != 0 || !std::filesystem::exists(picture)) {
        throw std::runtime_error{fmt::format("--plot: gnuplot could not draw {}", picture.string())};
    }
}

}  // namespace

int plot_results(const std::string& json_file, const std::string& folder) {
    const auto results = read_results(json_file);
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    if (error) {
        throw std::runtime_error{fmt::format("--plot {}: cannot be made ({})", folder, error.message())};
    }
    for (const auto& [name, script] : plot_scripts(results)) {
        const auto picture = std::filesystem::path{folder} / (name + ".svg");
        draw(fmt::format("set output '{}'\n", picture.string()) + script, picture);
        weir::write_to_stdout(fmt::format("{}\n", picture.string()));
    }
    return 0;
}

}  // namespace bench
