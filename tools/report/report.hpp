// SPDX-License-Identifier: MIT
#pragma once

// `weir report`: the saved results of the other programs on one page.

#include "tools/common/html_page.hpp"
#include "tools/common/machine_identity.hpp"

#include <nlohmann/json.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weir::tool::report {

using json = nlohmann::ordered_json;

/// In the order of the page.
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
    machine_identity machine;  ///< what of it the file says
    std::string cpu_model;     ///< "": it does not say
};

/// Files that are of one machine. What a file does not say is taken from the others.
struct machine {
    machine_identity identity;
    std::string cpu_model;
    std::vector<std::string> files;
};

struct contents {
    std::vector<part> parts;  ///< in the order of the page
    std::vector<machine> machines;
    std::vector<std::string> of_unknown_machine;  ///< files
    std::vector<std::string> warnings;            ///< sentences: what does not belong together

    [[nodiscard]] const part* find(kind of) const;
    /// The part, if it is of the same machine as `beside`, as far as they say.
    [[nodiscard]] const part* find_beside(kind of, const part& beside) const;
};

/// Reads the files and finds out what they are: a `stop` with wrong_usage for one that a report cannot be made of, or
/// two of a kind.
[[nodiscard]] contents read_parts(const std::vector<std::string>& files);

/// False where both say, and say different things.
[[nodiscard]] bool may_be_of_one_machine(const part& a, const part& b);

/// What is to be seen at first sight: "12 ms", "longest gap, on PU 1".
struct fact {
    std::string value;
    std::string words;
    std::string_view css_class = {};  ///< of the value
};

/// Called for each section: its facts, and what stands in it. They throw std::runtime_error with a sentence for what is
/// missing in the file.
struct section {
    std::vector<fact> (*facts)(const part& of);
    void (*add)(html_page& page, const contents& all, const part& of);
};

extern const section topo_section, doctor_section, matrix_section, jitter_section, plan_section, run_section,
    bench_section;

/// Throws `stop` for a part that is damaged.
[[nodiscard]] html_page page_of(const contents& all);

/// What is in the report: schema 1.
[[nodiscard]] std::string as_json(const contents& all, const std::string& html_file);

}  // namespace weir::tool::report
