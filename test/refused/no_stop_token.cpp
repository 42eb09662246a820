// SPDX-License-Identifier: MIT
//
// With a standard library that has no std::stop_token, stop.hpp (USE 1) says so, and the rings (USE 0) do without.
#include <weir/pull.hpp>
#include <weir/ring.hpp>
#if USE == 1
#include <weir/stop.hpp>
#endif

int main() {
    weir::spsc_ring<int> ring(1);
    return ring.push_unless(1, [] { return false; }) ? 0 : 1;
}
