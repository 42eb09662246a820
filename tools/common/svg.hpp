// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

namespace weir::tool {

enum class text_anchor : unsigned char { start, middle, end };

/// A file has a white background; inside an html_page there is none, and the colours are the page's, which follow its
/// scheme.
enum class svg_place : unsigned char { file, html_page };

/// An SVG picture, drawn from back to front. Texts are escaped; characters that are not valid in XML or ASCII become
/// '?'.
class svg_page {
public:
    svg_page(double width, double height, std::string_view title, svg_place place = svg_place::file);

    [[nodiscard]] std::string_view ink() const { return place_ == svg_place::file ? "#222222" : "var(--text)"; }
    [[nodiscard]] std::string_view faint_ink() const { return place_ == svg_place::file ? "#555555" : "var(--faint)"; }
    [[nodiscard]] std::string_view grid_ink() const { return place_ == svg_place::file ? "#eeeeee" : "var(--grid)"; }

    /// `tooltip` is shown by a browser under the pointer; empty: none. `striped` marks the area as uncertain.
    void rectangle(double x, double y, double width, double height, std::string_view fill,
                   std::string_view tooltip = {}, bool striped = false);
    void text(double x, double y, double size, std::string_view what, text_anchor anchor = text_anchor::start,
              std::string_view fill = {});  // empty: ink()
    void line(double x1, double y1, double x2, double y2);

    /// The whole picture.
    [[nodiscard]] std::string str() const;

    [[nodiscard]] static std::string escaped(std::string_view text);

private:
    svg_place place_;
    std::string head_;
    std::string body_;
};

}  // namespace weir::tool
