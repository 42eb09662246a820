// SPDX-License-Identifier: MIT
#pragma once

#include <type_traits>

namespace weir {
struct message;
}  // namespace weir

namespace weir::detail {

/// Not a weir::message, which refers to bytes that are gone when the other side looks at it.
template <class T>
inline constexpr bool holds_its_bytes = !std::is_same_v<std::remove_cv_t<T>, message>;

/// Whether T is an object that can be assigned anew: not a reference, function or array, nor const or volatile.
template <class T>
inline constexpr bool is_plain_object =
    std::is_object_v<T> && !std::is_array_v<T> && !std::is_const_v<T> && !std::is_volatile_v<T>;

/// The same, and it is complete.
template <class T>
inline constexpr bool is_element = false;
template <class T>
    requires is_plain_object<T>
inline constexpr bool is_element<T> = requires { sizeof(T); };

/// Stands for a T that is no element: a ring of it compiles, so that the sentence that refuses T is the only error.
template <class T>
using instead_of = std::conditional_t<!is_plain_object<T> && is_plain_object<std::remove_cv_t<std::decay_t<T>>>,
                                      std::remove_cv_t<std::decay_t<T>>, int>;

}  // namespace weir::detail
