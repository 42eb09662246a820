// SPDX-License-Identifier: MIT
#pragma once

namespace weir {

/// Options of overflow_ring and broadcast_ring: how many threads push. The default is one.
struct one_producer {};
struct many_producers {};

namespace overflow {
using weir::many_producers;
using weir::one_producer;
}  // namespace overflow
}  // namespace weir
