// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace bench {

/// A picture as a gnuplot script that carries its own data; everything but `set output`.
struct plot_script {
    std::string name;
    std::string text;
};

/// One picture for each family of scenarios that the results have.
std::vector<plot_script> plot_scripts(const nlohmann::json& results);

/// Latency over percentile, one curve for each queue, one panel for each rate.
std::string latency_script(const nlohmann::json& results, const std::vector<std::string>& scenarios);

/// The lines that every picture starts with. Text is taken as it is: names have underscores.
std::string plot_prologue(int width, int height, const std::string& title);

/// Machine, cores and date, for below a picture.
std::string plot_caption(const nlohmann::json& environment);

/// As a string in gnuplot's single quotes.
std::string gnuplot_string(const std::string& text);

}  // namespace bench
