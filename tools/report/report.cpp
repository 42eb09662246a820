// SPDX-License-Identifier: MIT
// weir report: what the other programs have saved, on one page.
#include "tools/report/report.hpp"

#include "tools/common/command.hpp"
#include "tools/common/files.hpp"
#include "tools/common/progress.hpp"

#include <weir/version.hpp>

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>

namespace weir::tool {
namespace {

constexpr const char* footer =
    R"(Each file is recognised by its contents, whatever it is called; a report has one of each kind, and any of them may be
absent: topo, doctor, matrix, jitter and run with --json, the file of plan --out, and that of weir-bench --json.

The page needs nothing else: no script, no request, nothing from this machine. It follows the reader's light or dark
scheme, and the width of the screen. The pictures of jitter, run and weir-bench are drawn with gnuplot.

Files of different machines make one report all the same, since a plan may be made elsewhere than it is measured; but the
page says at its top which file is of which machine, and so does stderr. Whether there is but one is in --json, too.

Examples:
  weir topo --json > topo.json; weir doctor --json > doctor.json; weir matrix --json > matrix.json
  weir report topo.json doctor.json matrix.json --html report.html
  weir report *.json --html report.html            all that was saved in this folder
  weir report *.json --json | jq .one_machine      what would be in it, and whether it is all of one machine)";

struct options {
    std::vector<std::string> files;
    std::string html;
    bool json = false;
};

void check_target(const options& wanted) {
    if (wanted.html.empty()) return;
    std::error_code ignored;
    for (const auto& file : wanted.files)
        if (file == wanted.html || std::filesystem::equivalent(file, wanted.html, ignored))
            throw stop(wrong_usage, fmt::format("--html {}: that is one of the files that the report is made of, and "
                                                "would be gone; name another",
                                                wanted.html));
    check_writable(wanted.html);
}

std::string as_text(const report::contents& all, const std::string& html) {
    auto text = html + "\n";
    for (const auto& kind : report::all_kinds()) {
        const auto* const part = all.find(kind.of);
        text += fmt::format("  {:<12} {}\n", kind.name,
                            part == nullptr ? fmt::format("not there; save it with '{}'", kind.remedy) : part->file);
    }
    return text;
}

// The bar is gone before anything else is said.
template <class Work>
auto watched(double share, std::string_view doing, Work work) {
    progress_bar bar("report");
    bar.show(share, doing);
    return work();
}

exit_code make_report(const options& wanted) {
    if (wanted.html.empty() && !wanted.json)
        throw stop(wrong_usage, "say where to write the report, with --html FILE, or what is in it, with --json");
    check_target(wanted);
    const auto all = watched(0, "reading", [&] { return report::read_parts(wanted.files); });
    for (const auto& warning : all.warnings) say("weir report", warning);
    const auto page = report::page_of(all);  // even if nobody wants it: that finds what is damaged
    if (!wanted.html.empty()) write_file(wanted.html, watched(0.5, "drawing", [&] { return page.text(); }));
    print(wanted.json ? report::as_json(all, wanted.html) : as_text(all, wanted.html));
    return succeeded;
}

}  // namespace

command add_report(CLI::App& app) {
    auto wanted = std::make_shared<options>();
    app.add_option("files", wanted->files, "What the other subcommands and weir-bench have saved, in any order")
        ->type_name("FILE")
        ->required();
    app.add_option("--html", wanted->html, "Write the page there")->type_name("FILE");
    app.add_flag("--json", wanted->json, "Write JSON (schema_version 1) of what is in the report to stdout")
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
    return result.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
}

}  // namespace report
}  // namespace weir::tool
