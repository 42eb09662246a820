// SPDX-License-Identifier: MIT
#pragma once

/// Each uses every operation of one header, with that header and no other of weir's, and returns whether the answers add up.
bool use_rings();
bool use_overflow();
bool use_pipeline();
bool use_messages();
bool use_broadcast();
bool use_latest();
bool use_credit_gate();
bool use_stop_tokens();
bool use_natural_loops();
