// SPDX-License-Identifier: MIT
// weir doctor: what on this host costs latency, and how to change it.
#include "tools/doctor/doctor.hpp"

#include "tools/common/command.hpp"

#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>

namespace weir::tool {
namespace {

constexpr const char* footer =
    R"(Looks at what the kernel, the processor and this process's limits are set to, and says for each what it is,
what it does to a ring, and how to change it. It changes nothing itself. What cannot be read is unknown, and why is said.

Examples:
  weir doctor                                              everything, the gravest first
  weir doctor --strict && exec ./trader                    do not start on a host where rings stand still
  weir doctor --json | jq '.findings[] | select(.severity=="warning")')";

struct options {
    std::string root;
    bool strict = false;
    bool json = false;
};

// Nothing where hwloc was told of another machine: what was looked at is this one's.
machine_identity this_machine() {
    const auto machine = topology::this_machine();
    return machine.is_this_machine() ? machine_identity::of(machine) : machine_identity{};
}

exit_code show(const options& wanted) {
    std::error_code ignored;
    if (!wanted.root.empty() && !std::filesystem::is_directory(wanted.root, ignored))
        throw stop(failed, "--root " + wanted.root + ": there is no such folder; name one that has proc and sys in it");
    const auto findings = examine(wanted.root.empty() ? host::this_one() : host::in_folder(wanted.root));
    print(wanted.json ? findings_as_json(findings, wanted.root.empty() ? this_machine() : machine_identity{})
                      : findings_as_text(findings));
    return wanted.strict && findings.front().level == severity::severe ? failed : succeeded;
}

}  // namespace

command add_doctor(CLI::App& app) {
    auto wanted = std::make_shared<options>();
    app.add_flag("--strict", wanted->strict, "Fail (exit code 1) if anything is severe")->disable_flag_override();
    app.add_flag("--json", wanted->json, "Write JSON (schema_version 1) instead of the text")->disable_flag_override();
    app.add_option("--root", wanted->root, "The files of another host, for tests")->group("");
    app.footer(footer);
    return [wanted] { return show(*wanted); };
}

}  // namespace weir::tool
