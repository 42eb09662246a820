// SPDX-License-Identifier: MIT
#error "macOS has no <sys/eventfd.h>"
