// SPDX-License-Identifier: MIT
// A ring that counts what passes through it, shown as text, as JSON and as a page for Prometheus.
#include <weir/ring.hpp>
#include <weir/stats_text.hpp>

#include <cstdio>
#include <string>

int main() {
    weir::spsc_ring<int, weir::stats::on> orders(4);
    for (int i = 0; i < 3; ++i) (void)orders.push(i);
    (void)orders.pop();

    const weir::stats::snapshot now = orders.snapshot();  // from any thread; disturbs neither end
    std::printf("%s\n%s\n\n", weir::to_text(now).c_str(), weir::to_json(now).c_str());

    const std::string page = weir::to_prometheus({{"orders", now}});  // one call for all rings of a page
    std::fputs(page.c_str(), stdout);

    const bool right = now.producer.pushed == 3 && now.producer.high_water_items == 3 && now.consumer.popped == 1 &&
                       now.queued_items == 2 && now.capacity_items == 4;
    return right && page.find("weir_ring_pushed_items_total{ring=\"orders\"} 3\n") != std::string::npos ? 0 : 1;
}
