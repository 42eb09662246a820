// SPDX-License-Identifier: MIT
//
// A page as somebody sees it who opens it: in a headless Chromium.
#pragma once

#include "test/support/subprocess.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>

namespace weir_test {

/// Where the shell would find it.
inline std::optional<std::string> find_program(const std::string& name) {
    const char* const variable = std::getenv("PATH");
    const std::string path = variable == nullptr ? "" : variable;
    for (std::size_t from = 0; from <= path.size();) {
        const auto to = std::min(path.find(':', from), path.size());
        const auto file = path.substr(from, to - from) + "/" + name;
        if (::access(file.c_str(), X_OK) == 0) return file;
        from = to + 1;
    }
    return std::nullopt;
}

/// What a script outside the page finds in it, discarded if it did not load, and what the console said.
struct shown_page {
    nlohmann::json found;
    std::string console;
};

/// Shows the page in a frame of that width; `folder` is for files of the browser's.
inline shown_page in_browser(const std::string& page, int width, const std::filesystem::path& folder) {
    std::string escaped;
    for (const char c : page) escaped += c == '&' ? "&amp;" : c == '"' ? "&quot;" : std::string(1, c);
    std::ofstream(folder / "frame.html")
        << "<!DOCTYPE html><html><body style=\"margin:0\"><iframe id=f style=\"border:0;height:4000px;width:" << width
        << "px\" srcdoc=\"" << escaped << R"("></iframe><pre id=found></pre><script>
onload = () => {
  const page = document.getElementById("f").contentDocument;
  const wide = svg => svg && svg.getBoundingClientRect().width > 250 && svg.querySelectorAll("path, polygon, rect, use").length > 3;
  const boxes = figure => [...figure.querySelectorAll(".machine .pu")].some(pu => pu.getBoundingClientRect().width > 10);
  const texts = [...page.querySelectorAll("figure svg text")].filter(t => t.textContent.trim() !== "");
  document.getElementById("found").textContent = JSON.stringify({
    pictures: [...page.querySelectorAll("figure")].filter(f => wide(f.querySelector("svg")) || boxes(f)).map(f => f.id),
    figures: [...page.querySelectorAll("[data-figure]")].filter(c => c.textContent.trim() !== "").map(c => c.dataset.figure),
    headings: [...page.querySelectorAll("h2")].map(h => h.id),
    doubled: [...page.querySelectorAll("[id]")].length - new Set([...page.querySelectorAll("[id]")].map(e => e.id)).size,
    dangling: [...page.querySelectorAll("a[href^='#']")].filter(a => !page.getElementById(a.hash.slice(1))).length,
    scripts: page.scripts.length,
    text: page.body.textContent,
    smallest_text_px: Math.min(...texts.map(t => t.getBoundingClientRect().height)),
    too_wide_px: page.documentElement.scrollWidth - )"
        << width << R"(});
};
</script></body></html>)";
    const auto seen = run(find_program("chromium").value(),
                          {"--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
                           "--disable-background-networking", "--disable-component-update", "--disable-sync",
                           "--user-data-dir=" + (folder / "profile").string(), "--enable-logging=stderr",
                           "--window-size=1700,4100", "--dump-dom", "file://" + (folder / "frame.html").string()});
    EXPECT_EQ(seen.exit_code, 0) << seen.err;
    shown_page shown;
    for (std::size_t from = 0; from < seen.err.size();) {
        const auto to = std::min(seen.err.find('\n', from), seen.err.size());
        const auto line = seen.err.substr(from, to - from);
        if (line.find("CONSOLE") != std::string::npos) shown.console += line + "\n";
        from = to + 1;
    }
    const std::string mark = "<pre id=\"found\">";
    const auto from = seen.out.find(mark) + mark.size();
    auto text = seen.out.substr(from, seen.out.find("</pre>", from) - from);
    for (const auto& [entity, c] : {std::pair{"&lt;", "<"}, {"&gt;", ">"}, {"&amp;", "&"}})
        for (std::size_t at = 0; (at = text.find(entity, at)) != std::string::npos; ++at)
            text.replace(at, std::string(entity).size(), c);
    shown.found = nlohmann::json::parse(text, nullptr, false);
    return shown;
}

}  // namespace weir_test
