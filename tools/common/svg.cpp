// SPDX-License-Identifier: MIT
#include "tools/common/svg.hpp"

#include <fmt/format.h>

namespace weir::tool {

svg_page::svg_page(double width, double height, std::string_view title, svg_place place) : place_(place) {
    constexpr const char* stripes =
        "<defs><pattern id='stripes' width='6' height='6' patternUnits='userSpaceOnUse'>"
        "<path d='M0,6 L6,0' stroke='#ffffff' stroke-opacity='0.7'/></pattern></defs>\n";
    if (place == svg_place::html_page) {
        head_ = fmt::format("<svg viewBox='0 0 {:g} {:g}' role='img' aria-label='{}'>{}", width, height, escaped(title),
                            stripes);
        return;
    }
    head_ = fmt::format(
        "<?xml version='1.0' encoding='UTF-8'?>\n"
        "<svg xmlns='http://www.w3.org/2000/svg' width='{0:g}' height='{1:g}' viewBox='0 0 {0:g} {1:g}'"
        " font-family='Helvetica, Arial, sans-serif'>\n"
        "<title>{2}</title>\n{3}<rect width='100%' height='100%' fill='#ffffff'/>\n",
        width, height, escaped(title), stripes);
}

void svg_page::rectangle(double x, double y, double width, double height, std::string_view fill,
                         std::string_view tooltip, bool striped) {
    const auto place = fmt::format("x='{:g}' y='{:g}' width='{:g}' height='{:g}'", x, y, width, height);
    body_ += fmt::format("<rect {} fill='{}'", place, fill);
    body_ += tooltip.empty() ? "/>\n" : fmt::format("><title>{}</title></rect>\n", escaped(tooltip));
    if (striped) body_ += fmt::format("<rect {} fill='url(#stripes)' pointer-events='none'/>\n", place);
}

void svg_page::text(double x, double y, double size, std::string_view what, text_anchor anchor, std::string_view fill) {
    const char* const where = anchor == text_anchor::start ? "start" : anchor == text_anchor::middle ? "middle" : "end";
    body_ += fmt::format("<text x='{:g}' y='{:g}' font-size='{:g}' text-anchor='{}' fill='{}'>{}</text>\n", x, y, size,
                         where, fill.empty() ? ink() : fill, escaped(what));
}

void svg_page::line(double x1, double y1, double x2, double y2) {
    body_ += fmt::format("<line x1='{:g}' y1='{:g}' x2='{:g}' y2='{:g}' stroke='{}'/>\n", x1, y1, x2, y2, ink());
}

std::string svg_page::str() const { return head_ + body_ + "</svg>\n"; }

std::string svg_page::escaped(std::string_view text) {
    std::string safe;
    for (const char c : text) switch (c) {
        case '<': safe += "&lt;"; break;
        case '>': safe += "&gt;"; break;
        case '&': safe += "&amp;"; break;
        case '"': safe += "&quot;"; break;
        case '\'': safe += "&#39;"; break;
        default: safe += c >= ' ' && c <= '~' ? c : '?';
        }
    return safe;
}

}  // namespace weir::tool
