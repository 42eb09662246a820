// SPDX-License-Identifier: MIT
//
// What a user of a ring must not have to compile, not even by way of another standard header.
#include <weir/ring.hpp>

#if defined(_GLIBCXX_THREAD) || defined(_LIBCPP_THREAD)
#error "weir/ring.hpp pulls in <thread>"
#endif
#if defined(_GLIBCXX_IOSTREAM) || defined(_LIBCPP_IOSTREAM)
#error "weir/ring.hpp pulls in <iostream>"
#endif
