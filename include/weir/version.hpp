// SPDX-License-Identifier: MIT
#pragma once

// The version of weir these headers belong to. While the major number is 0, a new minor number may break the API.
#define WEIR_VERSION_MAJOR 0
#define WEIR_VERSION_MINOR 1
#define WEIR_VERSION_PATCH 0
#define WEIR_VERSION_STRING "0.1.0"

// For comparisons: `#if WEIR_VERSION >= 200` asks for 0.2.0 or later.
#define WEIR_VERSION (WEIR_VERSION_MAJOR * 10000 + WEIR_VERSION_MINOR * 100 + WEIR_VERSION_PATCH)
