// SPDX-License-Identifier: MIT
#pragma once

// Reads JSON files from outside, with a one-sentence error for every defect.

#include <weir/topology.hpp>

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

namespace weir {

/// One file. Its members throw placement_error.
class json_input {
public:
    using json = nlohmann::json;

    /// Reads and parses. `what` begins error messages: "plan file"; `remedy` ends them: "make it again with 'weir
    /// plan'".
    json_input(std::string what, const std::string& path, std::string remedy);

    /// Fails unless the file is of this kind, schema 1.
    void expect_kind(const std::string& kind) const;

    /// Fails if machine.fingerprint is that of another machine. A missing fingerprint is an error only if `must` is
    /// true.
    void expect_machine(const topology& machine, bool must) const;

    [[nodiscard]] const json& root() const noexcept { return root_; }

    /// The array under this key of `object`; `place` is the object's name in error messages: "edges[2]".
    [[nodiscard]] const json& array(const json& object, const char* key, const std::string& place = "") const;
    [[nodiscard]] std::string text(const json& object, const char* key, const std::string& place) const;
    [[nodiscard]] unsigned number(const json& object, const char* key, const std::string& place) const;
    /// The most that any amount may be: beyond every time in ns, rate per second or size in bytes, and sums stay exact enough.
    static constexpr double most_amount = 1e15;
    /// A number from 0 to `most`.
    [[nodiscard]] double amount(const json& object, const char* key, const std::string& place,
                                double most = most_amount) const;

    // The same for optional members, which may be missing or null.
    [[nodiscard]] bool flag(const json& object, const char* key, const std::string& place) const;
    [[nodiscard]] std::optional<unsigned> maybe_number(const json& object, const char* key,
                                                       const std::string& place) const;
    [[nodiscard]] std::optional<double> maybe_amount(const json& object, const char* key, const std::string& place,
                                                     double most = most_amount) const;

    /// "plan file 'x': problem; remedy"
    [[noreturn]] void fail(const std::string& problem) const;

private:
    [[nodiscard]] const json* find(const json& object, const char* key) const;

    std::string name_;
    std::string remedy_;
    json root_;
};

}  // namespace weir
