// SPDX-License-Identifier: MIT
//
// Fragments of gnuplot script shared by the pictures of a page.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace weir::tool::plot {

struct look {
    std::string_view ink;
    int dash;  ///< gnuplot's dash type; 1 solid, 2 dashed, 3 dotted
};

/// "lw 2 dt 1 lc rgb '...'"
[[nodiscard]] std::string line_style(const look& how, double width = 2);

/// A named data block of a gnuplot script.
class data {
public:
    explicit data(std::string name) : name_("$" + std::move(name)), text_(name_ + " << EOD\n") {}

    template <class... Numbers>
    void row(Numbers... numbers) {
        empty_ = false;
        (append(numbers), ...);
        text_ += '\n';
    }

    bool empty() const { return empty_; }  // gnuplot refuses to plot an empty block
    const std::string& name() const { return name_; }
    std::string text() const { return text_ + "EOD\n"; }

private:
    void append(double number);
    void append(const std::string& word);

    std::string name_, text_;
    bool empty_ = true;
};

/// Labels rows with these names, the first on top. `margin` is the left margin, in characters.
[[nodiscard]] std::string name_axis(const std::vector<std::string>& names, int margin = 13);

/// Labelled tics for a logarithmic axis in ms, from 10 ns to 1000 s.
[[nodiscard]] std::string time_tics(char axis);

}  // namespace weir::tool::plot
