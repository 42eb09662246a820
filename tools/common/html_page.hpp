// SPDX-License-Identifier: MIT
//
// A report as one self-contained HTML file: no script, no font, no request. Its pictures are drawn by gnuplot and
// embedded as SVG with named colours, which follow the reader's light or dark scheme.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace weir::tool {

/// A placeholder colour for gnuplot scripts, which the page replaces by a named colour: "text", "faint", "grid", and
/// "series-1" to "series-8". Throws std::out_of_range for another name.
[[nodiscard]] std::string ink(std::string_view name);

/// Quotes text for gnuplot in single quotes, in which nothing is expanded; control characters become blanks.
[[nodiscard]] std::string gnuplot_string(std::string_view text);

/// Escapes text for HTML.
[[nodiscard]] std::string escaped(std::string_view text);

struct picture {
    std::string id;  ///< of its <figure>, unique in the page
    std::string title;
    std::string caption;
    std::string script;      ///< gnuplot script with its data, without terminal and output
    std::string key = {};    ///< HTML, made by swatches()
    std::string drawn = {};  ///< HTML or SVG, used instead of a script
    int height = 260;        ///< height of the drawing, which is 380 wide
    bool wide = false;       ///< takes the full width of the page
};

/// One entry of a legend: the line style and its label.
struct swatch {
    std::string_view ink;
    int dash;  ///< 1 solid, 2 dashed, 3 dotted
    std::string words;
};
[[nodiscard]] std::string swatches(const std::vector<swatch>& all);

class html_page {
public:
    /// `style` is CSS for this page, in addition to that of all pages.
    explicit html_page(std::string title, std::string style = {})
        : title_(std::move(title)), style_(std::move(style)) {}

    /// Adds HTML unescaped.
    void add(std::string_view html) { body_ += html; }
    void heading(std::string_view text, std::string_view id);
    void paragraph(std::string_view text);
    /// Adds pictures, side by side where there is room, after `first`: unescaped HTML, may be empty.
    void pictures(std::vector<picture> row, std::string_view first = {});

    /// The whole page. Runs gnuplot if a picture has a script; throws `stop` with a sentence if gnuplot is missing or
    /// fails.
    [[nodiscard]] std::string text() const;

private:
    std::vector<std::string> drawings() const;  // of all pictures that have a script

    std::string title_;
    std::string style_;
    std::string body_;  // with a placeholder for each picture
    std::vector<picture> pictures_;
};

}  // namespace weir::tool
