// SPDX-License-Identifier: MIT
// weir doctor: finds settings of this host that cost latency, and how to change them.
#include "tools/doctor/doctor.hpp"

#include "tools/common/command.hpp"

#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>

namespace weir::tool {
namespace {

constexpr const char* footer =
    R"(Checks settings of the kernel, the processor and this process's limits. For each it reports the current value, the
effect on a ring, and how to change it. It changes nothing. A setting that cannot be read is 'unknown', with the reason.

Examples:
  weir doctor                                              all findings, most severe first
  weir doctor --strict && exec ./trader                    do not start on a host with a severe finding
  weir doctor --json | jq '.findings[] | select(.severity=="warning")')";

struct options {
    std::string root;
    bool strict = false;
    bool json = false;
};

// Empty if hwloc describes another machine, because the findings are about this one.
machine_identity this_machine() {
    const auto machine = topology::this_machine();
    return machine.is_this_machine() ? machine_identity::of(machine) : machine_identity{};
}

exit_code show(const options& wanted) {
    std::error_code ignored;
    if (!wanted.root.empty() && !std::filesystem::is_directory(wanted.root, ignored))
        throw stop(failed,
                   "--root " + wanted.root + ": this folder does not exist; name one that contains proc and sys");
    const auto findings = examine(wanted.root.empty() ? host::this_one() : host::in_folder(wanted.root));
    print(wanted.json ? findings_as_json(findings, wanted.root.empty() ? this_machine() : machine_identity{})
                      : findings_as_text(findings));
    return wanted.strict && findings.front().level == severity::severe ? failed : succeeded;
}

}  // namespace

command add_doctor(CLI::App& app) {
    auto wanted = std::make_shared<options>();
    app.add_flag("--strict", wanted->strict, "Exit with 1 if there is a severe finding")->disable_flag_override();
    app.add_flag("--json", wanted->json, "Write JSON (schema_version 1) instead of the text")->disable_flag_override();
    app.add_option("--root", wanted->root, "A folder with the proc and sys of another host, for tests")
        ->type_name("FOLDER")
        ->group("");
    app.footer(footer);
    return [wanted] { return show(*wanted); };
}

}  // namespace weir::tool
