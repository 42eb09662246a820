// SPDX-License-Identifier: MIT
#error "macOS has no <linux/membarrier.h>"
