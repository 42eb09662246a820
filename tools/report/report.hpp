// SPDX-License-Identifier: MIT
#pragma once

// `weir report`: combines the saved results of the other programs into one page.

#include "tools/common/html_page.hpp"
#include "tools/common/machine_identity.hpp"

#include <nlohmann/json.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weir::tool::report {

using json = nlohmann::ordered_json;

/// In the order of their sections on the page.
enum class kind : unsigned char { topo, doctor, matrix, jitter, plan, run, bench };

struct kind_facts {
    kind of;
    std::string_view name;   ///< "weir topo", under "kind" in the file
    std::string_view title;  ///< of its section
    std::string_view id;     ///< of its section
    std::string_view remedy;
};
[[nodiscard]] const std::vector<kind_facts>& all_kinds();
[[nodiscard]] const kind_facts& facts_of(kind of);

/// One file.
struct part {
    kind of;
    std::string file;
    json content;
    std::string weir_version;
    machine_identity machine;  ///< as far as the file identifies it
    std::string cpu_model;     ///< "" if unknown
};

/// The files of one machine. A property that one file lacks is taken from the others.
struct machine {
    machine_identity identity;
    std::string cpu_model;
    std::vector<std::string> files;
};

struct contents {
    std::vector<part> parts;  ///< in the order of the page
    std::vector<machine> machines;
    std::vector<std::string> of_unknown_machine;  ///< files that do not name their machine
    std::vector<std::string> warnings;            ///< sentences about results that do not belong together

    [[nodiscard]] const part* find(kind of) const;
    /// The part of this kind, unless it is known to be of another machine than `beside`.
    [[nodiscard]] const part* find_beside(kind of, const part& beside) const;
};

/// Reads the files and identifies them. Throws `stop` with wrong_usage for a file that a report cannot show, and for
/// two files of one kind.
[[nodiscard]] contents read_parts(const std::vector<std::string>& files);

/// False only if both name a machine, and the machines differ.
[[nodiscard]] bool may_be_of_one_machine(const part& a, const part& b);

/// A headline: "12 ms", "longest gap, on PU 1".
struct fact {
    std::string value;
    std::string words;
    std::string_view css_class = {};  ///< of the value
};

/// The headlines and the body of each kind of section. They throw std::runtime_error with a sentence if the file
/// lacks a value.
struct section {
    std::vector<fact> (*facts)(const part& of);
    void (*add)(html_page& page, const contents& all, const part& of);
};

extern const section topo_section, doctor_section, matrix_section, jitter_section, plan_section, run_section,
    bench_section;

/// Throws `stop` if a part is damaged.
[[nodiscard]] html_page page_of(const contents& all);

/// The contents of the report: schema 1.
[[nodiscard]] std::string as_json(const contents& all, const std::string& html_file);

}  // namespace weir::tool::report
