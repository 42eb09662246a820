// SPDX-License-Identifier: MIT
//
// Parts of a pipeline whose types were not named, refused with a sentence; and what stands for them, so that their use adds no
// error of its own.
#pragma once

#include <concepts>
#include <cstddef>
#include <string>

#include "weir/detail/visit_refusals.hpp"

namespace weir {
template <class T>
struct output;
template <class T>
struct input;
template <class In, class Out>
struct in_and_out;
}  // namespace weir

namespace weir::detail {

struct no_type {};
template <class T>
inline constexpr bool is_named = !std::same_as<T, no_type>;

/// Whether an edge can lead from an output of T to an input of U; and whether it cannot, though both are named.
template <class T, class U>
inline constexpr bool fit_together = std::same_as<T, U> && is_named<T>;
template <class T, class U>
inline constexpr bool differ = !std::same_as<T, U> && is_named<T> && is_named<U>;

/// A base of pipeline, which names each function in a using declaration. The empty pack of values makes each of them no candidate
/// where types are named.
template <class Settings, class Absent = no_type>
class untyped {
public:
    template <auto... None, class Make, class... More>
    output<Absent> source(const std::string&, const Make&, const Settings& = {}, const More&...) {
        static_assert(offered<Make>, "weir: name the type: source<int>(...)");
        return {nullptr, nullptr};
    }
    template <auto... None, class... More>
    output<Absent> inlet(const std::string&, const More&...) {
        static_assert(offered<untyped, More...>, "weir: name the type: inlet<int>(...)");
        return {nullptr, nullptr};
    }
    template <auto... None, class F, class... More>
    in_and_out<Absent, Absent> stage(const std::string&, const F&, const Settings& = {}, const More&...) {
        static_assert(offered<F>, "weir: name the types: stage<int, std::string>(...)");
        return {{nullptr, nullptr}, {nullptr, nullptr}};
    }
    template <class In, auto... None, class F, class... More>
    in_and_out<Absent, Absent> stage(const std::string&, const F&, const Settings& = {}, const More&...) {
        static_assert(offered<F>,
                      "weir: name both types, of what comes and of what goes: stage<int, std::string>(...)");
        return {{nullptr, nullptr}, {nullptr, nullptr}};
    }
    template <auto... None, class F, class... More>
    in_and_out<Absent, Absent> flat_stage(const std::string&, std::size_t, const F&, const Settings& = {},
                                          const More&...) {
        static_assert(offered<F>, "weir: name the types: flat_stage<int, std::string>(...)");
        return {{nullptr, nullptr}, {nullptr, nullptr}};
    }
    template <class In, auto... None, class F, class... More>
    in_and_out<Absent, Absent> flat_stage(const std::string&, std::size_t, const F&, const Settings& = {},
                                          const More&...) {
        static_assert(offered<F>,
                      "weir: name both types, of what comes and of what goes: flat_stage<int, std::string>(...)");
        return {{nullptr, nullptr}, {nullptr, nullptr}};
    }
    template <auto... None, class F, class... More>
    input<Absent> sink(const std::string&, const F&, const Settings& = {}, const More&...) {
        static_assert(offered<F>, "weir: name the type: sink<int>(...)");
        return {nullptr, nullptr};
    }
};

}  // namespace weir::detail
