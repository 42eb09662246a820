// SPDX-License-Identifier: MIT
//
// WEIR_TEST_SANITIZED: 1 under a sanitizer that brings its own allocator and system calls, and makes everything slow.
// WEIR_TEST_OWN_NEW: 1 where a test may replace operator new; Clang's ThreadSanitizer keeps its own.
#pragma once

#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
#define WEIR_TEST_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer) || __has_feature(address_sanitizer)
#define WEIR_TEST_SANITIZED 1
#endif
#endif
#ifndef WEIR_TEST_SANITIZED
#define WEIR_TEST_SANITIZED 0
#endif

#define WEIR_TEST_OWN_NEW 1
#if defined(__clang__) && defined(__has_feature)
#if __has_feature(thread_sanitizer)
#undef WEIR_TEST_OWN_NEW
#define WEIR_TEST_OWN_NEW 0
#endif
#endif

namespace weir_test {

inline constexpr bool sanitized = WEIR_TEST_SANITIZED != 0;
inline constexpr bool own_new = WEIR_TEST_OWN_NEW != 0;

}  // namespace weir_test
