// SPDX-License-Identifier: MIT
//
// The text tables.
#pragma once

#include <cstdint>
#include <string>

#include "bench/report/summary.hpp"
#include "bench/run/environment.hpp"

namespace bench {

/// Machine, cores, build: a few lines above all tables.
std::string header_text(const environment& env);

/// One scenario: its floors and a line for each queue.
std::string table_text(const scenario_summary& summary);

/// How to read the columns, and which libraries are absent: below all tables.
std::string footer_text();

}  // namespace bench
