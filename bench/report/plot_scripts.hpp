// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace bench {

/// A picture as a gnuplot script with its data, without `set output`.
struct plot_script {
    std::string name;
    std::string text;
};

/// One picture for each family of scenarios in the results.
std::vector<plot_script> plot_scripts(const nlohmann::json& results);

/// Latency over percentile, one curve for each queue, one panel for each rate.
std::string latency_script(const nlohmann::json& results, const std::vector<std::string>& scenarios);

/// The first lines of every picture. Without gnuplot's markup, since names contain underscores.
std::string plot_prologue(int width, int height, const std::string& title);

/// Machine, cores and date: the caption of a picture.
std::string plot_caption(const nlohmann::json& environment);

/// Quotes a text for gnuplot, in single quotes.
std::string gnuplot_string(const std::string& text);

}  // namespace bench
