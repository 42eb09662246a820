// SPDX-License-Identifier: MIT
#pragma once

/// A function of a few instructions that stands in loops of millions: inlined whatever the compiler thinks of its caller's size.
/// Not in a build without optimisation: there a debugger can step into it, and Clang takes a quarter less time.
#ifdef __OPTIMIZE__
#define WEIR_ALWAYS_INLINE [[gnu::always_inline]]
#else
#define WEIR_ALWAYS_INLINE
#endif
