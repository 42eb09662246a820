// SPDX-License-Identifier: MIT
//
// A ring in static memory, whose two ends are given to two functions: no allocation anywhere.
#include <weir/handles.hpp>
#include <weir/ring.hpp>

#include <thread>
#include <utility>

using samples = weir::spsc_ring<float, weir::wait::park, weir::stats::off, weir::storage::fixed<64>>;

samples microphone;

void produce(weir::sender<samples> out) {
    for (int i = 0; i < 1000; ++i) (void)out.push(0.5F);
}  // the sender ends here, and with it the stream

float consume(weir::receiver<samples> in) {
    float sum = 0;
    for (float sample = 0; in.pop(sample);) sum += sample;
    return sum;
}

int main() {
    auto [tx, rx] = weir::handles_of(microphone);
    std::thread producer(produce, std::move(tx));
    const float sum = consume(std::move(rx));
    producer.join();
    return sum == 500.0F ? 0 : 1;
}
