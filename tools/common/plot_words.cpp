// SPDX-License-Identifier: MIT
#include "tools/common/plot_words.hpp"

#include "tools/common/html_page.hpp"

#include <fmt/format.h>
#include <algorithm>

namespace weir::tool::plot {

std::string line_style(const look& how, double width) {
    constexpr const char* dashes[] = {"1", "1", "(7,3)", "(2,3)"};
    return fmt::format("lw {:g} dt {} lc rgb '{}'", width, dashes[std::clamp(how.dash, 1, 3)], ink(how.ink));
}

void data::append(double number) { text_ += fmt::format("{:.6g} ", number); }

void data::append(const std::string& word) {
    std::string safe = word;
    for (auto& c : safe)
        if (c == '"' || c == '\\' || static_cast<unsigned char>(c) < ' ') c = '\'';
    text_ += '"' + safe + "\" ";
}

std::string name_axis(const std::vector<std::string>& names, int margin) {
    std::string text = fmt::format("set yrange [{}:0.4]\nset ytics (", static_cast<double>(names.size()) + 0.6);
    for (std::size_t i = 0; i != names.size(); ++i)
        text += fmt::format("{}{} {}", i == 0 ? "" : ", ", gnuplot_string(names[i]), i + 1);
    return text + fmt::format(")\nset lmargin {}\nset grid noytics xtics\n", margin);
}

std::string time_tics(char axis) {
    return fmt::format(
        "set logscale {0}\nset {0}tics ('10 ns' 1e-5, '100 ns' 1e-4, '1 us' 1e-3, '10 us' 1e-2, "
        "'100 us' 0.1, '1 ms' 1, '10 ms' 10, '100 ms' 100, '1 s' 1e3, '10 s' 1e4, '100 s' 1e5, "
        "'1000 s' 1e6)\n",
        axis);
}

}  // namespace weir::tool::plot
