// SPDX-License-Identifier: MIT
//
// A report as one HTML file that needs nothing else: no script, no font, no request. Its pictures are drawn by gnuplot
// and stand in the page as SVG whose colours are names, so that they follow the reader's light or dark scheme.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace weir::tool {

/// A colour of the page as gnuplot is to write it: a stand-in that the page knows again. "text", "faint", "grid", and
/// "series-1" to "series-8". Throws std::out_of_range for another name.
[[nodiscard]] std::string ink(std::string_view name);

/// As a string in gnuplot's single quotes, in which it replaces nothing; control characters are blanks.
[[nodiscard]] std::string gnuplot_string(std::string_view text);

/// As text in HTML.
[[nodiscard]] std::string escaped(std::string_view text);

struct picture {
    std::string id;  ///< of its <figure>, unique in the page
    std::string title;
    std::string caption;
    std::string script;      ///< gnuplot's, with its data; all but terminal and output
    std::string key = {};    ///< HTML, as swatches() makes it
    std::string drawn = {};  ///< HTML or SVG, as it is, in place of a script
    int height = 260;        ///< of what gnuplot draws, which is 380 wide
    bool wide = false;       ///< as wide as the page, whatever stands beside it
};

/// One line of a key: what is drawn so, and what it is.
struct swatch {
    std::string_view ink;
    int dash;  ///< 1 solid, 2 dashed, 3 dotted
    std::string words;
};
[[nodiscard]] std::string swatches(const std::vector<swatch>& all);

class html_page {
public:
    /// `style` is CSS of this page's own, beside that of all pages.
    explicit html_page(std::string title, std::string style = {})
        : title_(std::move(title)), style_(std::move(style)) {}

    /// HTML, as it is.
    void add(std::string_view html) { body_ += html; }
    void heading(std::string_view text, std::string_view id);
    void paragraph(std::string_view text);
    /// Beside one another where there is room, after `first`, HTML as it is, where that is not empty.
    void pictures(std::vector<picture> row, std::string_view first = {});

    /// The whole page. Runs gnuplot where a picture has a script; throws `stop` with a sentence when there is none, or
    /// it cannot draw.
    [[nodiscard]] std::string text() const;

private:
    std::vector<std::string> drawings() const;  // of all pictures that gnuplot draws

    std::string title_;
    std::string style_;
    std::string body_;  // with a mark where each picture belongs
    std::vector<picture> pictures_;
};

}  // namespace weir::tool
