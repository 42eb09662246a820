// SPDX-License-Identifier: MIT
#include "json_input.hpp"

#include "read_input.hpp"

#include <cmath>
#include <limits>
#include <sstream>
#include <utility>

namespace weir {
namespace {

std::string at(const std::string& place, const char* key) {
    return "'" + place + (place.empty() ? "" : ".") + key + "'";
}

}  // namespace

json_input::json_input(std::string what, const std::string& path, std::string remedy)
    : name_(std::move(what) + " '" + path + "'"), remedy_(std::move(remedy)) {
    constexpr std::size_t most_mib = 256;  // enough for all pairs of a thousand PUs
    const auto text = read_whole_file(path, name_, most_mib, remedy_);
    try {
        root_ = json::parse(text);
    } catch (const json::parse_error& error) {
        fail(error.byte > text.size()
                 ? "it ends unexpectedly at byte " + std::to_string(text.size()) + ": it is truncated"
                 : "it is not valid JSON from byte " + std::to_string(error.byte) + " on");
    } catch (const json::out_of_range&) {
        fail("a number in it is too large");
    }
    if (!root_.is_object()) fail("it is not a JSON object");
}

void json_input::fail(const std::string& problem) const {
    throw placement_error(name_ + ": " + problem + "; " + remedy_);
}

void json_input::expect_kind(const std::string& kind) const {
    const auto* const said = find(root_, "kind");
    if (said == nullptr || *said != kind)
        fail("it is not a '" + kind + "'" +
             (said != nullptr && said->is_string() ? " but a '" + said->get<std::string>() + "'" : ""));
    if (const auto version = maybe_number(root_, "schema_version", ""); version != 1U)
        fail("its schema_version is " + (version ? std::to_string(*version) : "missing") +
             ", but this version of weir reads 1");
}

void json_input::expect_machine(const topology& machine, bool must) const {
    const auto* const said = find(root_, "machine");
    const auto* const print = said != nullptr ? find(*said, "fingerprint") : nullptr;
    if (print == nullptr || !print->is_string()) {
        if (must) fail("it does not name its machine: 'machine.fingerprint' is missing");
        return;
    }
    const auto here = fingerprint(machine);
    if (*print != here)
        fail("it is for another machine, " + print->get<std::string>() + "; " +
             (machine.is_this_machine() ? "this machine" : "'" + machine.source() + "'") + " is " + here);
}

const json_input::json* json_input::find(const json& object, const char* key) const {
    if (!object.is_object()) return nullptr;
    const auto found = object.find(key);
    return found == object.end() || found->is_null() ? nullptr : &*found;
}

const json_input::json& json_input::array(const json& object, const char* key, const std::string& place) const {
    const auto* const value = find(object, key);
    if (value == nullptr || !value->is_array()) fail("it has no array " + at(place, key));
    return *value;
}

std::string json_input::text(const json& object, const char* key, const std::string& place) const {
    const auto* const value = find(object, key);
    if (value == nullptr || !value->is_string()) fail(at(place, key) + " is not a string");
    return value->get<std::string>();
}

unsigned json_input::number(const json& object, const char* key, const std::string& place) const {
    const auto value = maybe_number(object, key, place);
    if (!value) fail(at(place, key) + " is missing");
    return *value;
}

double json_input::amount(const json& object, const char* key, const std::string& place, double most) const {
    const auto value = maybe_amount(object, key, place, most);
    if (!value) fail(at(place, key) + " is missing");
    return *value;
}

bool json_input::flag(const json& object, const char* key, const std::string& place) const {
    const auto* const value = find(object, key);
    if (value != nullptr && !value->is_boolean()) fail(at(place, key) + " is neither true nor false");
    return value != nullptr && value->get<bool>();
}

std::optional<unsigned> json_input::maybe_number(const json& object, const char* key, const std::string& place) const {
    const auto* const value = find(object, key);
    if (value == nullptr) return std::nullopt;
    if (!value->is_number_unsigned() || value->get<std::uint64_t>() > std::numeric_limits<unsigned>::max())
        fail(at(place, key) + " is not a whole number of 0 or more");
    return value->get<unsigned>();
}

std::optional<double> json_input::maybe_amount(const json& object, const char* key, const std::string& place,
                                               double most) const {
    const auto* const value = find(object, key);
    if (value == nullptr) return std::nullopt;
    if (!value->is_number() || !(value->get<double>() >= 0) || !std::isfinite(value->get<double>()))
        fail(at(place, key) + " is not a number of 0 or more");
    if (value->get<double>() > most) {
        std::ostringstream sentence;
        sentence << at(place, key) << " is " << value->get<double>() << ", which cannot have been measured: " << most
                 << " at most";
        fail(sentence.str());
    }
    return value->get<double>();
}

}  // namespace weir
