// SPDX-License-Identifier: MIT
// weir doctor: finds settings of this host that cost latency, and how to change them.
#include "tools/doctor/doctor.hpp"

#include <weir/plan.hpp>

#include "tools/common/command.hpp"
#include "tools/doctor/devices.hpp"

#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>
#include <optional>

namespace weir::tool {
namespace {

constexpr const char* footer =
    R"(Checks settings of the kernel, the processor and this process's limits. For each it reports the current value, the
effect on a ring, and how to change it. It changes nothing. A setting that cannot be read is 'unknown', with the reason.

With --plan it also examines the devices that roles of the plan should be near: whether each role is on the NUMA node of its
device, and which PUs take the device's interrupts. An interrupt on the PU of a quiet role, or on another node, is a warning.

Examples:
  weir doctor                                              all findings, most severe first
  weir doctor --strict && exec ./trader                    do not start on a host with a severe finding
  weir doctor --plan plan.json                             and the cards and disks of this plan's roles
  weir doctor --json | jq '.findings[] | select(.severity=="warning")')";

struct options {
    std::optional<std::string> root;
    std::string plan;
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
    if (wanted.root && !std::filesystem::is_directory(*wanted.root, ignored))
        throw stop(failed, "--root " + *wanted.root + ": " +
                               (std::filesystem::exists(*wanted.root, ignored) ? "this is a file, not a folder"
                                                                               : "this folder does not exist") +
                               "; name one that contains proc and sys");
    std::vector<placed_role> roles;
    if (!wanted.plan.empty()) {
        if (!wanted.root) static_cast<void>(placement_plan::load(wanted.plan));  // refuses another machine's
        roles = roles_of_plan(wanted.plan);
    }
    const auto findings = examine(wanted.root ? host::in_folder(*wanted.root) : host::this_one(), roles);
    print(wanted.json ? findings_as_json(findings, wanted.root ? machine_identity{} : this_machine())
                      : findings_as_text(findings));
    return wanted.strict && findings.front().level == severity::severe ? failed : succeeded;
}

}  // namespace

command add_doctor(CLI::App& app) {
    auto wanted = std::make_shared<options>();
    app.add_flag("--strict", wanted->strict, "Exit with 1 if there is a severe finding")->disable_flag_override();
    app.add_flag("--json", wanted->json, "Write JSON (schema_version 1) instead of the text")->disable_flag_override();
    app.add_option("--plan", wanted->plan, "A plan written by `weir plan --out`: examine the devices of its roles, too")
        ->type_name("FILE");
    app.add_option("--root", wanted->root, "A folder with the proc and sys of another host, for tests")
        ->type_name("FOLDER");
    app.footer(footer);
    return [wanted] { return show(*wanted); };
}

}  // namespace weir::tool
