// SPDX-License-Identifier: MIT
//
// <windows.h> before weir's headers, with its macros, as many programs have it.
#include <windows.h>

#include "weir/broadcast_ring.hpp"
#include "weir/credit_gate.hpp"
#include "weir/handles.hpp"
#include "weir/histogram_text.hpp"
#include "weir/latest.hpp"
#include "weir/messages.hpp"
#include "weir/overflow.hpp"
#include "weir/pipeline.hpp"
#include "weir/pipeline_text.hpp"
#include "weir/pull.hpp"
#include "weir/stats_text.hpp"
#include "weir/stop.hpp"

bool use_after_windows_header();
bool use_after_windows_header() {
    weir::mpmc_ring<int> ring(2);
    weir::broadcast_ring<int> broadcast(2);
    weir::credit_gate gate(1);
    return ring.push(7) && ring.pop() == 7 && broadcast.push(1) && gate.acquire(1);
}
