// SPDX-License-Identifier: MIT
//
// Where there are no coroutines, await.hpp (USE 1) says so, and the rings (USE 0) do without.
#include <version>
#undef __cpp_impl_coroutine  // as with -fno-coroutines
#include <weir/credit_gate.hpp>
#include <weir/ring.hpp>
#include <weir/select.hpp>
#if USE == 1
#include <weir/await.hpp>
#endif

int main() {
    weir::spsc_ring<int> ring(1);
    return ring.try_push(1) ? 0 : 1;
}
