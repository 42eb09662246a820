// SPDX-License-Identifier: MIT
//
// The words of gnuplot that the pictures of a run have in common.
#pragma once

#include "pressure_pictures.hpp"

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weir::tool::pressure::plot {

/// "lw 2 dt 1 lc rgb '...'"
[[nodiscard]] std::string line_style(const look& how, double width = 2);

/// A named block of data, and gnuplot's name for it.
class data {
public:
    explicit data(std::string name) : name_("$" + std::move(name)), text_(name_ + " << EOD\n") {}

    template <class... Numbers>
    void row(Numbers... numbers) {
        empty_ = false;
        (append(numbers), ...);
        text_ += '\n';
    }

    bool empty() const { return empty_; }  // gnuplot refuses to plot it
    const std::string& name() const { return name_; }
    std::string text() const { return text_ + "EOD\n"; }

private:
    void append(double number);
    void append(const std::string& word);

    std::string name_, text_;
    bool empty_ = true;
};

/// A column of a policy's series, with no more than some 200 points: the largest of each lot, which is where the story
/// is.
struct curve {
    std::vector<double> at_s, value;
};
[[nodiscard]] curve largest(const nlohmann::json& policy, const char* column);
/// How fast a column that counts went up, per second.
[[nodiscard]] curve growth_per_s(const nlohmann::json& policy, const char* column);

/// Shades the burst, and names the time axis.
[[nodiscard]] std::string time_axis(const nlohmann::json& run, double to_s);
/// Rows with the policies' names, the first on top.
[[nodiscard]] std::string name_axis(const std::vector<std::string>& names);

/// Tics of a logarithmic axis in words, from 1 us to 1000 s, for values in ms.
[[nodiscard]] std::string time_tics(char axis);

[[nodiscard]] double last_of(const nlohmann::json& policy, const char* column);
[[nodiscard]] std::optional<double> figure(const nlohmann::json& policy, const char* key);

}  // namespace weir::tool::pressure::plot
