// SPDX-License-Identifier: MIT
//
// Which functions a pipeline can call, and what stands for one that it cannot: with it, the sentence that refuses it is the only
// error.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <stop_token>
#include <type_traits>

#include "weir/detail/pipeline/message_edge.hpp"

namespace weir::detail {

/// Whether a source's function, called with Args and perhaps a std::stop_token, returns a Result.
template <class Result, class Make, class... Args>
inline constexpr bool makes_items = false;
template <class Result, class Make, class... Args>
    requires std::invocable<Make&, Args..., std::stop_token>
inline constexpr bool makes_items<Result, Make, Args...> =
    std::same_as<std::invoke_result_t<Make&, Args..., std::stop_token>, Result>;
template <class Result, class Make, class... Args>
    requires(std::invocable<Make&, Args...> && !std::invocable<Make&, Args..., std::stop_token>)
inline constexpr bool makes_items<Result, Make, Args...> = std::same_as<std::invoke_result_t<Make&, Args...>, Result>;

/// Whether F makes an Out of an In, or none.
template <class Out, class F, class In>
inline constexpr bool makes = false;
template <class Out, class F, class In>
    requires takes_item<F, In>
inline constexpr bool makes<Out, F, In> = std::same_as<std::remove_cvref_t<result_of<F, In&&>>, std::optional<Out>> ||
                                          std::constructible_from<Out, result_of<F, In&&>>;

/// Whether F takes an In, and what emits others.
template <class F, class In, class Emit>
inline constexpr bool makes_several =
    (is_message<In> && std::invocable<F&, std::uint16_t, std::span<const std::byte>, Emit&>) ||
    (!is_message<In> && std::invocable<F&, In&&, Emit&>);

template <class Result>
struct any_function {
    template <class F>
        requires(!std::same_as<F, any_function>)
    any_function(F) noexcept;
    template <class... Args>
    Result operator()(Args&&...);
};
template <bool Fits, class F, class Result>
using if_fits = std::conditional_t<Fits, F, any_function<Result>>;

}  // namespace weir::detail
