// SPDX-License-Identifier: MIT
//
// A ring that continues on another machine, over NATS JetStream, with its bound. Compiled: link weir::jetstream, which needs libnats.
//
//     // One machine.
//     weir::spsc_ring<order> out(4096);
//     weir::jetstream::remote_producer<order> to(out, {.servers = "nats://a:4222,nats://b:4222", .name = "orders"});
//     out.push(o);                                      // waits when 4096 orders are not finished over there
//
//     // The other one.
//     weir::spsc_ring<weir::jetstream::remote_item<order>> in(1024);
//     weir::jetstream::remote_consumer<order> from(in, {.servers = "nats://b:4222", .name = "orders"}, {.window = 4096});
//     while (auto item = in.pop()) {
//         work_on(item->value);
//         item->finish();                               // only now is there credit for another one
//     }
//
// The servers carry messages and keep copies of them. The credit is weir's: what is published and not finished never exceeds the window
// (after a restart with a smaller one, the former until that is used up). docs/jetstream.md has the promises, and what is not promised.
#pragma once

#include "weir/jetstream/codec.hpp"            // IWYU pragma: export
#include "weir/jetstream/link.hpp"             // IWYU pragma: export
#include "weir/jetstream/remote_consumer.hpp"  // IWYU pragma: export
#include "weir/jetstream/remote_producer.hpp"  // IWYU pragma: export
