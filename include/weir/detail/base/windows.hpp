// SPDX-License-Identifier: MIT
//
// The few functions of Windows that the rings need, declared as <windows.h> declares them: that header would bring thousands of
// macros into every program, `min` and `max` among them. Empty elsewhere.
#pragma once

#if defined(_WIN32)

#include <cstddef>

#if !defined(NO_STRICT)
struct HINSTANCE__;
#endif

namespace weir::detail::windows {

#if defined(NO_STRICT)
using module_handle = void*;
#else
using module_handle = HINSTANCE__*;
#endif

inline constexpr unsigned long infinite = 0xffff'ffff;  // milliseconds

extern "C" {
// synchronization.lib, or -lsynchronization; Windows 8 and later
__declspec(dllimport) int __stdcall WaitOnAddress(volatile void*, void*, std::size_t, unsigned long);
__declspec(dllimport) void __stdcall WakeByAddressSingle(void*);
__declspec(dllimport) void __stdcall WakeByAddressAll(void*);

// kernel32, which every program has
__declspec(dllimport) void __stdcall FlushProcessWriteBuffers();
__declspec(dllimport) void* __stdcall GetCurrentProcess();
__declspec(dllimport) unsigned long __stdcall GetCurrentThreadId();
__declspec(dllimport) module_handle __stdcall GetModuleHandleA(const char*);
__declspec(dllimport) long long(__stdcall* __stdcall GetProcAddress(module_handle, const char*))();
__declspec(dllimport) int __stdcall GetProcessAffinityMask(void*, std::size_t*, std::size_t*);
__declspec(dllimport) void __stdcall Sleep(unsigned long);
__declspec(dllimport) int __stdcall SwitchToThread();
}

/// Whether this is Wine, which exports its version from where Windows has nothing of that name.
inline bool is_wine() noexcept {
    const module_handle ntdll = GetModuleHandleA("ntdll.dll");
    return ntdll != nullptr && GetProcAddress(ntdll, "wine_get_version") != nullptr;
}

}  // namespace weir::detail::windows

#endif
