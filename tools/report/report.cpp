// SPDX-License-Identifier: MIT
// weir report: combines saved results into one HTML page.
#include "tools/report/report.hpp"

#include "src/json_text.hpp"
#include "src/plain_text.hpp"
#include "tools/common/command.hpp"
#include "tools/common/files.hpp"
#include "tools/common/progress.hpp"

#include <weir/version.hpp>

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <memory>

namespace weir::tool {
namespace {

constexpr const char* footer =
    R"(Files are recognised by their contents, not by their names. A report takes at most one of each kind, and any may be
missing: topo, doctor, matrix, jitter and run with --json, the file of plan --out, and that of weir-bench --json.

The page is self-contained: no script, no request, no other file. It follows the reader's light or dark
scheme and the width of the screen. The pictures of jitter, run and weir-bench are drawn with gnuplot.

The files may come from different machines, for instance a plan made on one and measured on another. The top of the page,
and stderr, then list which file is from which machine. In --json, one_machine says whether they are all from one.

Examples:
  weir topo --json > topo.json; weir doctor --json > doctor.json; weir matrix --json > matrix.json
  weir report topo.json doctor.json matrix.json --html report.html
  weir report *.json --html report.html            all results in this folder
  weir report *.json --json | jq .one_machine      whether all files are from one machine)";

struct options {
    std::vector<std::string> files;
    std::string html;
    bool json = false;
};

void check_target(const options& wanted) {
    if (wanted.html.empty()) return;
    for (const auto& file : wanted.files)
        if (is_same_file(file, wanted.html))
            throw stop(wrong_usage, fmt::format("--html {}: this is one of the input files and "
                                                "would be overwritten; name another",
                                                wanted.html));
    check_writable(wanted.html);
}

std::string as_text(const report::contents& all, const std::string& html) {
    auto text = printable(html) + "\n";
    for (const auto& kind : report::all_kinds()) {
        const auto* const part = all.find(kind.of);
        text += fmt::format(
            "  {:<12} {}\n", kind.name,
            part == nullptr ? fmt::format("missing; save it with '{}'", kind.remedy) : printable(part->file));
    }
    return text;
}

// Erases the progress bar before any other output.
template <class Work>
auto watched(double share, std::string_view doing, Work work) {
    progress_bar bar("report");
    bar.show(share, doing);
    return work();
}

exit_code make_report(const options& wanted) {
    if (wanted.html.empty() && !wanted.json)
        throw stop(wrong_usage, "no output is given: give --html FILE for the report, or --json for its contents");
    check_target(wanted);
    const auto all = watched(0, "reading", [&] { return report::read_parts(wanted.files); });
    for (const auto& warning : all.warnings) say("weir report", warning);
    const auto page = report::page_of(all);  // built even without --html, to detect damaged files
    if (!wanted.html.empty()) write_file(wanted.html, watched(0.5, "drawing", [&] { return page.text(); }));
    print(wanted.json ? report::as_json(all, wanted.html) : as_text(all, wanted.html));
    return succeeded;
}

}  // namespace

command add_report(CLI::App& app) {
    auto wanted = std::make_shared<options>();
    app.add_option("files", wanted->files, "Results of the other subcommands and of weir-bench, in any order")
        ->type_name("FILE")
        ->required();
    app.add_option("--html", wanted->html, "Write the page to this file")->type_name("FILE");
    app.add_flag("--json", wanted->json, "Write a JSON summary of the contents (schema_version 1) to stdout")
        ->disable_flag_override();
    app.footer(footer);
    return [wanted] { return make_report(*wanted); };
}

namespace report {

std::string as_json(const contents& all, const std::string& html_file) {
    const auto optional = [](const std::string& text) { return text.empty() ? json(nullptr) : json(text); };
    json result{{"schema_version", 1},
                {"kind", "weir report"},
                {"weir_version", WEIR_VERSION_STRING},
                {"html", optional(html_file)},
                {"parts", json::array()},
                {"absent", json::array()},
                {"machines", json::array()},
                {"of_unknown_machine", all.of_unknown_machine},
                {"one_machine", all.machines.size() < 2},
                {"warnings", all.warnings}};
    for (const auto& one : all.parts)
        result["parts"].push_back({{"kind", facts_of(one.of).name},
                                   {"file", one.file},
                                   {"weir_version", optional(one.weir_version)},
                                   {"fingerprint", optional(one.machine.fingerprint)}});
    for (const auto& kind : all_kinds())
        if (all.find(kind.of) == nullptr) result["absent"].push_back(kind.name);
    for (const auto& one : all.machines)
        result["machines"].push_back({{"fingerprint", optional(one.identity.fingerprint)},
                                      {"summary", optional(one.identity.summary)},
                                      {"cpu_model", optional(one.cpu_model)},
                                      {"files", one.files}});
    return json_text(result);
}

}  // namespace report
}  // namespace weir::tool
