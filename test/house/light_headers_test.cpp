// SPDX-License-Identifier: MIT
//
// What a user of a ring, or of credit alone, must not have to compile, not even by way of another standard header.
#include <weir/credit_gate.hpp>
#include <weir/ring.hpp>

#if defined(_GLIBCXX_THREAD) || defined(_LIBCPP_THREAD)
#error "a core header pulls in <thread>"
#endif
#if defined(_GLIBCXX_IOSTREAM) || defined(_LIBCPP_IOSTREAM)
#error "a core header pulls in <iostream>"
#endif
