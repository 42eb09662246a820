// SPDX-License-Identifier: MIT
//
// Counts what is asked of the allocator: operator new of every kind ends here, too.
#include <cstddef>

#include "test/support/forbidden.hpp"
#include "test/support/sanitized.hpp"

// A sanitizer brings its own allocator, and its own system calls.
#if defined(__GLIBC__) && !WEIR_TEST_SANITIZED

using weir_test::allocator_calls;

// Found before the C library's.
extern "C" {
void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
void* __libc_memalign(std::size_t, std::size_t);
void __libc_free(void*);

void* malloc(std::size_t bytes) noexcept { return ++allocator_calls, __libc_malloc(bytes); }
void* calloc(std::size_t n, std::size_t bytes) noexcept { return ++allocator_calls, __libc_calloc(n, bytes); }
void* realloc(void* old, std::size_t bytes) noexcept { return ++allocator_calls, __libc_realloc(old, bytes); }
void* memalign(std::size_t to, std::size_t bytes) noexcept { return ++allocator_calls, __libc_memalign(to, bytes); }
void* aligned_alloc(std::size_t to, std::size_t bytes) noexcept {
    return ++allocator_calls, __libc_memalign(to, bytes);
}
void free(void* old) noexcept {
    if (old != nullptr) ++allocator_calls;
    __libc_free(old);
}
}

#endif
