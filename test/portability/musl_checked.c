// SPDX-License-Identifier: MIT
//
// Names under which a libc++ that was compiled for glibc, with its checks of buffers, calls functions of the C library.
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

// What GCC's crtbegin.o has: the program itself, for destructors of static objects.
__attribute__((visibility("hidden"))) void* __dso_handle = &__dso_handle;

int __vfprintf_chk(FILE* to, int flag, const char* format, va_list arguments) {
    (void)flag;
    return vfprintf(to, format, arguments);
}
int __fprintf_chk(FILE* to, int flag, const char* format, ...) {
    (void)flag;
    va_list arguments;
    va_start(arguments, format);
    const int written = vfprintf(to, format, arguments);
    va_end(arguments);
    return written;
}
int __vsnprintf_chk(char* to, size_t n, int flag, size_t size, const char* format, va_list arguments) {
    (void)flag;
    return vsnprintf(to, n < size ? n : size, format, arguments);
}
int __snprintf_chk(char* to, size_t n, int flag, size_t size, const char* format, ...) {
    va_list arguments;
    va_start(arguments, format);
    const int written = __vsnprintf_chk(to, n, flag, size, format, arguments);
    va_end(arguments);
    return written;
}
void* __memcpy_chk(void* to, const void* from, size_t n, size_t size) {
    (void)size;
    return memcpy(to, from, n);
}
