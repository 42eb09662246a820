// SPDX-License-Identifier: MIT
#pragma once

// JSON files that somebody else may have written, read with a sentence for whatever is wrong with them.

#include <weir/topology.hpp>

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

namespace weir {

/// One file. Its members throw placement_error.
class json_input {
public:
    using json = nlohmann::json;

    /// Reads and parses. `what` is for sentences: "plan file"; `remedy` ends them: "make it again with 'weir plan'".
    json_input(std::string what, const std::string& path, std::string remedy);

    /// Holds the file to schema 1 of this kind.
    void expect_kind(const std::string& kind) const;

    /// Holds it to this machine, by machine.fingerprint: which a file may lack unless it `must` have one.
    void expect_machine(const topology& machine, bool must) const;

    [[nodiscard]] const json& root() const noexcept { return root_; }

    /// The array under this key of `object`; `place` is for sentences: "edges[2]".
    [[nodiscard]] const json& array(const json& object, const char* key, const std::string& place = "") const;
    [[nodiscard]] std::string text(const json& object, const char* key, const std::string& place) const;
    [[nodiscard]] unsigned number(const json& object, const char* key, const std::string& place) const;
    /// At least 0, and finite.
    [[nodiscard]] double amount(const json& object, const char* key, const std::string& place) const;

    // The same for what may be left out or null.
    [[nodiscard]] bool flag(const json& object, const char* key, const std::string& place) const;
    [[nodiscard]] std::optional<unsigned> maybe_number(const json& object, const char* key,
                                                       const std::string& place) const;
    [[nodiscard]] std::optional<double> maybe_amount(const json& object, const char* key,
                                                     const std::string& place) const;

    /// "plan file 'x': problem; remedy"
    [[noreturn]] void fail(const std::string& problem) const;

private:
    [[nodiscard]] const json* find(const json& object, const char* key) const;

    std::string name_;
    std::string remedy_;
    json root_;
};

}  // namespace weir
