// SPDX-License-Identifier: MIT
#include "tools/common/html_page.hpp"

#include "src/plain_text.hpp"
#include "tools/common/command.hpp"
#include "tools/common/files.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <regex>
#include <stdexcept>

namespace weir::tool {
namespace {

// The series colours are those of Okabe and Ito, which colour-blind readers can tell apart, adjusted for light and
// dark backgrounds.
struct named_ink {
    std::string_view name, light, dark;
};
constexpr std::array inks{named_ink{"text", "#22262a", "#e4e6e8"},     named_ink{"faint", "#70777e", "#9aa2aa"},
                          named_ink{"grid", "#e2e2dc", "#2e343a"},     named_ink{"series-1", "#59636d", "#b9c2ca"},
                          named_ink{"series-2", "#0072b2", "#56b4e9"}, named_ink{"series-3", "#c27c00", "#f0b042"},
                          named_ink{"series-4", "#d55e00", "#ff8a4c"}, named_ink{"series-5", "#00855f", "#3fcf9f"},
                          named_ink{"series-6", "#b3558a", "#e59ac6"}, named_ink{"series-7", "#7a5c2e", "#c9a46b"},
                          named_ink{"series-8", "#6247c2", "#a893ff"}};

constexpr const char* style = R"(
*{box-sizing:border-box}
body{margin:0 auto;max-width:1720px;padding:1.2rem clamp(.8rem,2.5vw,3rem) 4rem;background:var(--paper);color:var(--text);
font:16px/1.5 system-ui,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;-webkit-text-size-adjust:100%}
h1{font-size:clamp(1.5rem,4vw,2.2rem);line-height:1.2;margin:.4em 0 .3em;letter-spacing:-.01em}
h2{font-size:1.35rem;margin:2.4em 0 .2em;padding-top:.7em;border-top:1px solid var(--grid)}
p{max-width:46em;margin:.5em 0}
.faint,figcaption,small{color:var(--faint)}
nav a,a{color:var(--series-2)}
nav{display:flex;flex-wrap:wrap;gap:.2em 1.1em;margin:.8em 0}
.row{display:grid;gap:1.1rem;grid-template-columns:repeat(auto-fill,minmax(min(100%,350px),1fr));margin:1rem 0}
figure{margin:0;padding:.8rem .8rem .6rem;background:var(--card);border:1px solid var(--grid);border-radius:8px;min-width:0}
figure h3{font-size:1rem;margin:0 0 .3em}
figure svg{display:block;width:100%;height:auto}
figure svg text{font-family:inherit}
figcaption{font-size:.86rem;line-height:1.4;margin-top:.4em}
.scroll{overflow-x:auto;margin:.8rem 0}
.beside{align-items:start}
.wide{grid-column:1/-1}
.row .scroll{margin:0}.row table{width:100%}
table{border-collapse:collapse;font-size:.94rem;font-variant-numeric:tabular-nums}
th{text-align:left;font-weight:600;color:var(--faint);font-size:.82rem;vertical-align:bottom}
th,td{padding:.3em .9em .3em 0;border-bottom:1px solid var(--grid)}
td.n,th.n{text-align:right;white-space:nowrap}
td small{display:block;font-size:.8rem}
.key{display:flex;flex-wrap:wrap;gap:.25em 1.2em;list-style:none;padding:0;margin:.8em 0;font-size:.94rem}
figure .key{font-size:.84rem;margin:.3em 0}
.key i{display:inline-block;width:1.9em;border-top:3px solid;margin-right:.45em;vertical-align:middle}
.met{color:var(--series-5);font-weight:600}
.off{color:var(--series-4);font-weight:600}
@media(max-width:600px){th,td{padding-right:.6em}table{font-size:.86rem}}
)";

std::string scheme(bool dark) {
    std::string text = dark ? "color-scheme:dark;--paper:#14171a;--card:#1a1e22;"
                            : "color-scheme:light;--paper:#fbfaf7;--card:#ffffff;";
    for (const auto& i : inks) text += fmt::format("--{}:{};", i.name, dark ? i.dark : i.light);
    return text;
}

// A temporary folder for gnuplot's scripts and pictures, removed afterwards.
class workshop {
public:
    workshop() {
        std::error_code unusable;
        const auto parent = std::filesystem::temp_directory_path(unusable);
        auto pattern = (parent / "weir-XXXXXX").string();
        if (unusable || ::mkdtemp(pattern.data()) == nullptr)
            throw stop(
                failed,
                fmt::format(
                    "cannot create a temporary folder for drawing{}: {}; set TMPDIR to a folder where that is possible",
                    unusable ? "" : " in '" + parent.string() + "'",
                    unusable ? unusable.message() : std::strerror(errno)));
        folder_ = pattern;
    }
    ~workshop() {
        std::error_code ignored;
        std::filesystem::remove_all(folder_, ignored);
    }
    workshop(const workshop&) = delete;
    workshop& operator=(const workshop&) = delete;

    std::string path(const std::string& name) const { return (folder_ / name).string(); }

private:
    std::filesystem::path folder_;
};

void run_gnuplot(const workshop& place) {
    const auto script = place.path("script"), said = place.path("said");
    posix_spawn_file_actions_t files;
    ::posix_spawn_file_actions_init(&files);
    ::posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    ::posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    ::posix_spawn_file_actions_addopen(&files, STDERR_FILENO, said.c_str(), O_WRONLY | O_CREAT, 0600);
    std::string program = "gnuplot", argument = script;
    std::array<char*, 3> argv{program.data(), argument.data(), nullptr};
    pid_t child = 0;
    const int error = ::posix_spawnp(&child, "gnuplot", &files, nullptr, argv.data(), environ);
    ::posix_spawn_file_actions_destroy(&files);
    if (error != 0)
        throw stop(failed,
                   fmt::format("pictures need gnuplot, which cannot be started ({}): install it (Debian: apt-get "
                               "install gnuplot-nox)",
                               std::strerror(error)));
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    if (status == 0) return;
    auto why = read_file(said);
    for (auto& c : why) c = c == '\n' ? ' ' : c;
    throw stop(failed, fmt::format("gnuplot could not draw a picture: {}; gnuplot 5 is needed", why.substr(0, 300)));
}

// Turns a gnuplot SVG file into a part of the page: no prologue, unique ids, fluid width, named colours.
std::string inlined(const picture& shown, std::string svg) {
    svg.erase(0, svg.find("<svg"));
    const auto head = svg.find('>') + 1;
    static const std::regex view("viewBox=\"([^\"]*)\"");
    std::smatch found;
    const std::string opening = svg.substr(0, head);
    std::regex_search(opening, found, view);
    svg = fmt::format(
              "<svg viewBox=\"{}\" xmlns=\"http://www.w3.org/2000/svg\" xmlns:xlink=\"http://www.w3.org/1999/xlink\" "
              "role=\"img\" aria-label=\"{}\">",
              found[1].str(), escaped(shown.title)) +
          svg.substr(head);

    constexpr std::string_view last_filter = "</filter>";
    if (const auto from = svg.find("<filter"), to = svg.rfind(last_filter); to != std::string::npos && from < to)
        svg.erase(from, to + last_filter.size() - from);
    static const std::regex described("<(title|desc)>[^<]*</\\1>\\s*"), nothing("<g [^>]*>\\s*</g>\\s*"),
        names("(id='|id=\"|#)(gp|gnuplot)");
    svg = std::regex_replace(svg, described, "");
    svg = std::regex_replace(svg, nothing, "");
    std::string prefix;  // between single quotes; a $ would stand for a group
    for (const char c : escaped(shown.id)) prefix += c == '$' ? "$$" : c == '\'' ? "&#39;" : std::string(1, c);
    svg = std::regex_replace(svg, names, "$1" + prefix + "-$2");
    for (std::size_t i = 0; i != inks.size(); ++i) {
        const std::regex stand_in(fmt::format("rgb\\( *1, *0, *{}\\)", i));
        svg = std::regex_replace(svg, stand_in, fmt::format("var(--{})", inks[i].name));
    }
    return svg;
}

std::string mark(std::size_t picture) { return fmt::format("\x01{}\x02", picture); }

}  // namespace

std::string ink(std::string_view name) {
    for (std::size_t i = 0; i != inks.size(); ++i)
        if (inks[i].name == name) return fmt::format("#0100{:02x}", i);
    throw std::out_of_range(fmt::format("the page has no colour '{}'", name));
}

std::string gnuplot_string(std::string_view text) {
    std::string safe = "'";
    for (const char c : text)
        safe += c == '\''                             ? "''"
                : static_cast<unsigned char>(c) < ' ' ? " "  // a line break would end the string and start a command
                                                      : std::string(1, c);
    return safe + "'";
}

std::string escaped(std::string_view text) {
    std::string safe;
    for (const char c : valid_utf8(text)) {
        switch (c) {
        case '&': safe += "&amp;"; break;
        case '<': safe += "&lt;"; break;
        case '>': safe += "&gt;"; break;
        case '"': safe += "&quot;"; break;
        case '\x01':
        case '\x02': break;  // placeholders of pictures
        default: safe += c;
        }
    }
    return safe;
}

void html_page::heading(std::string_view text, std::string_view id) {
    body_ += fmt::format("<h2 id=\"{}\">{}</h2>\n", escaped(id), escaped(text));
}

void html_page::paragraph(std::string_view text) { body_ += fmt::format("<p>{}</p>\n", escaped(text)); }

std::string swatches(const std::vector<swatch>& all) {
    constexpr std::array styles{"solid", "solid", "dashed", "dotted"};
    std::string text = "<ul class=\"key\">";
    for (const auto& one : all)
        text += fmt::format("<li><i style=\"border-top-style:{};border-color:var(--{})\"></i>{}</li>",
                            styles.at(static_cast<std::size_t>(one.dash)), one.ink, escaped(one.words));
    return text + "</ul>\n";
}

void html_page::pictures(std::vector<picture> row, std::string_view first) {
    body_ += first.empty() ? "<div class=\"row\">\n" : "<div class=\"row beside\">\n";
    if (!first.empty()) body_ += fmt::format("<div>{}</div>\n", first);
    for (auto& shown : row) {
        const bool plotted = shown.drawn.empty();
        body_ += fmt::format("<figure id=\"{}\"{}><h3>{}</h3>{}{}<figcaption>{}</figcaption></figure>\n",
                             escaped(shown.id), shown.wide ? " class=\"wide\"" : "", escaped(shown.title),
                             plotted ? mark(pictures_.size()) : shown.drawn, shown.key, escaped(shown.caption));
        if (plotted) pictures_.push_back(std::move(shown));
    }
    body_ += "</div>\n";
}

std::vector<std::string> html_page::drawings() const {
    if (pictures_.empty()) return {};
    const workshop place;
    std::string script = fmt::format(
        "set encoding utf8\nset macros\n"
        "style = \"set border 3 lc rgb '{1}'; set tics nomirror scale 0.4 textcolor rgb '{0}'; "
        "set grid lt 1 lw 1 lc rgb '{2}'; set xlabel textcolor rgb '{1}'; set ylabel textcolor rgb '{1}'; unset key; set tmargin 0.6; set rmargin 1.6; "
        "set style fill solid 1.0 noborder\"\n",
        ink("text"), ink("faint"), ink("grid"));
    for (std::size_t i = 0; i != pictures_.size(); ++i)
        script += fmt::format(
            "reset\n@style\nset terminal svg size 380,{} noenhanced font 'sans-serif,12'\n"
            "set output {}\n{}\nunset output\n",
            pictures_[i].height, gnuplot_string(place.path(fmt::format("{}.svg", i))), pictures_[i].script);
    write_file(place.path("script"), script);
    run_gnuplot(place);
    std::vector<std::string> all;
    for (std::size_t i = 0; i != pictures_.size(); ++i)
        all.push_back(inlined(pictures_[i], read_file(place.path(fmt::format("{}.svg", i)))));
    return all;
}

std::string html_page::text() const {
    auto body = body_;
    for (std::size_t i = 0; const auto& drawing : drawings()) {
        const auto here = mark(i++);
        body.replace(body.find(here), here.size(), drawing);
    }
    return fmt::format(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        "<title>{0}</title>\n<style>:root{{{1}}}\n@media(prefers-color-scheme:dark){{:root{{{2}}}}}{3}{5}</style>\n</head>\n"
        "<body>\n<h1>{0}</h1>\n{4}</body>\n</html>\n",
        escaped(title_), scheme(false), scheme(true), style, body, style_);
}

}  // namespace weir::tool
