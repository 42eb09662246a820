// SPDX-License-Identifier: MIT
#include <weir/jetstream.hpp>

#include <chrono>
#include <string>

// No server is needed to see that the library is linked: it says that there is none.
int main() {
    weir::spsc_ring<int> ring(1);
    try {
        const weir::jetstream::remote_link nowhere{
            .servers = "nats://127.0.0.1:1", .name = "none", .attach_timeout = std::chrono::milliseconds(1)};
        weir::jetstream::remote_producer<int> to(ring, nowhere);
    } catch (const weir::jetstream::error& refused) {
        return std::string(refused.what()).find("no server of") != std::string::npos ? 0 : 1;
    }
    return 1;
}
