// SPDX-License-Identifier: MIT
#pragma once

// Reads values from a subcommand's JSON, which a user may have edited. A missing value, or one of another type,
// throws std::runtime_error with a sentence that names the key.

#include <nlohmann/json.hpp>

#include <cstdint>
#include <limits>
#include <stdexcept>
#include <string>

namespace weir::tool {

[[noreturn]] inline void refuse_key(const std::string& key, const std::string& wanted) {
    throw std::runtime_error("\"" + key + "\" is missing or is not " + wanted);
}

template <class Json>
const Json& object(const Json& from, const char* key) {
    if (!from.is_object() || !from.contains(key) || !from[key].is_object()) refuse_key(key, "an object");
    return from[key];
}

template <class Json>
const Json& array(const Json& from, const char* key) {
    if (!from.is_object() || !from.contains(key) || !from[key].is_array()) refuse_key(key, "a list");
    return from[key];
}

template <class Json>
const Json& array_or_none(const Json& from, const char* key) {
    static const Json none = Json::array();
    return from.is_object() && from.contains(key) ? array(from, key) : none;
}

template <class Json>
double number(const Json& from, const char* key) {
    if (!from.is_object() || !from.contains(key) || !from[key].is_number()) refuse_key(key, "a number");
    return from[key].template get<double>();
}

template <class Json>
double number_or(const Json& from, const char* key, double otherwise) {
    return from.is_object() && from.contains(key) ? number(from, key) : otherwise;
}

/// Converts `value` itself; the error message calls it `key`.
template <class Json>
std::uint64_t count_itself(const Json& value, const char* key) {
    if (!value.is_number_integer() || value < 0) refuse_key(key, "a whole number of 0 or more");
    return value.template get<std::uint64_t>();
}

template <class Json>
unsigned whole_itself(const Json& value, const char* key) {
    const auto number = count_itself(value, key);
    if (number > std::numeric_limits<unsigned>::max()) refuse_key(key, "a whole number below 2^32");
    return static_cast<unsigned>(number);
}

template <class Json>
std::uint64_t count(const Json& from, const char* key) {
    return count_itself(from.is_object() && from.contains(key) ? from[key] : Json(nullptr), key);
}

template <class Json>
unsigned whole(const Json& from, const char* key) {
    return whole_itself(from.is_object() && from.contains(key) ? from[key] : Json(nullptr), key);
}

template <class Json>
unsigned whole_or(const Json& from, const char* key, unsigned otherwise) {
    return from.is_object() && from.contains(key) ? whole(from, key) : otherwise;
}

template <class Json>
std::string text(const Json& from, const char* key) {
    if (!from.is_object() || !from.contains(key) || !from[key].is_string()) refuse_key(key, "a string");
    return from[key].template get<std::string>();
}

template <class Json>
std::string text_or(const Json& from, const char* key, const std::string& otherwise) {
    return from.is_object() && from.contains(key) ? text(from, key) : otherwise;
}

template <class Json>
bool flag_or(const Json& from, const char* key, bool otherwise) {
    if (!from.is_object() || !from.contains(key)) return otherwise;
    if (!from[key].is_boolean()) refuse_key(key, "true or false");
    return from[key].template get<bool>();
}

template <class Json>
void expect_schema(const Json& from, const std::string& kind, unsigned version) {
    if (!from.is_object() || text_or(from, "kind", "") != kind)
        throw std::runtime_error("it is not a result of '" + kind + " --json'");
    if (const auto found = whole(from, "schema_version"); found != version)
        throw std::runtime_error("its schema_version is " + std::to_string(found) + ", but this program reads " +
                                 std::to_string(version));
}

/// Parses `text` and passes it to `read`; error messages are completed with the file's name and the remedy.
template <class Read>
auto read_named(const std::string& text, const std::string& name, const std::string& remedy, Read read) {
    const auto parsed = nlohmann::ordered_json::parse(text, nullptr, false);
    if (parsed.is_discarded()) throw std::runtime_error("'" + name + "' is not JSON; " + remedy);
    try {
        return read(parsed);
    } catch (const std::runtime_error& error) {
        throw std::runtime_error("'" + name + "': " + error.what() + "; " + remedy);
    }
}

}  // namespace weir::tool
