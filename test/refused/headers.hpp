// SPDX-License-Identifier: MIT
//
// What the files beside this one include, to be read once for all of their uses.
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>

#include "weir/await.hpp"
#include "weir/broadcast_ring.hpp"
#include "weir/credit_gate.hpp"
#include "weir/handles.hpp"
#include "weir/latest.hpp"
#include "weir/messages.hpp"
#include "weir/overflow.hpp"
#include "weir/overflow_messages.hpp"
#include "weir/pipeline.hpp"
#include "weir/pull.hpp"
#include "weir/ring.hpp"
#include "weir/select.hpp"
#include "weir/stats_text.hpp"
#include "weir/std_queue.hpp"
#include "weir/stop.hpp"
#ifdef __linux__
#include "weir/shm/spsc_ring.hpp"
#endif
