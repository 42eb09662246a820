// SPDX-License-Identifier: MIT
//
// What libc++ expects of Apple's header of this name, for apple.sh, which compiles and does not link.
#pragma once

#include <locale.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <wchar.h>

typedef unsigned __uint32_t;

#define _CTYPE_A 0x100
#define _CTYPE_C 0x200
#define _CTYPE_D 0x400
#define _CTYPE_L 0x1000
#define _CTYPE_P 0x2000
#define _CTYPE_S 0x4000
#define _CTYPE_U 0x8000
#define _CTYPE_X 0x10000
#define _CTYPE_B 0x20000
#define _CTYPE_R 0x40000
#define MB_CUR_MAX_L(l) 4

#ifdef __cplusplus
extern "C" {
#endif
int asprintf_l(char**, locale_t, const char*, ...);
int snprintf_l(char*, size_t, locale_t, const char*, ...);
int sscanf_l(const char*, locale_t, const char*, ...);
struct lconv* localeconv_l(locale_t);
wint_t btowc_l(int, locale_t);
int wctob_l(wint_t, locale_t);
int mbtowc_l(wchar_t*, const char*, size_t, locale_t);
size_t mbrlen_l(const char*, size_t, mbstate_t*, locale_t);
size_t mbrtowc_l(wchar_t*, const char*, size_t, mbstate_t*, locale_t);
size_t mbsnrtowcs_l(wchar_t*, const char**, size_t, size_t, mbstate_t*, locale_t);
size_t mbsrtowcs_l(wchar_t*, const char**, size_t, mbstate_t*, locale_t);
size_t wcrtomb_l(char*, wchar_t, mbstate_t*, locale_t);
size_t wcsnrtombs_l(char*, const wchar_t**, size_t, size_t, mbstate_t*, locale_t);
#ifdef __cplusplus
}
#endif
