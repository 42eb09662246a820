// SPDX-License-Identifier: MIT
//
// A program of which one file includes every public header in alphabetical order, one in reverse, and others one each. What
// they do is of less interest than that they compile and link.
#include <cstdio>

#include "test/house/uses/uses.hpp"

bool use_headers_forward();
bool use_headers_reverse();

int main() {
    struct {
        const char* name;
        bool (*use)();
    } const uses[] = {{"every header, forward", use_headers_forward},
                      {"every header, in reverse", use_headers_reverse},
                      {"rings", use_rings},
                      {"overflow", use_overflow},
                      {"pipeline", use_pipeline},
                      {"messages", use_messages},
                      {"broadcast", use_broadcast},
                      {"latest", use_latest},
                      {"credit gate", use_credit_gate},
                      {"stop tokens", use_stop_tokens},
                      {"natural loops", use_natural_loops}};
    int failed = 0;
    for (const auto& each : uses) {
        if (each.use()) continue;
        std::fprintf(stderr, "%s: the answers do not add up\n", each.name);
        failed = 1;
    }
    return failed;
}
