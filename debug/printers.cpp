// SPDX-License-Identifier: MIT
//
// Part of a program that links weir::printers: tells GDB where its printers are.

#if defined(__ELF__)
// 1: a Python file, by its path.
asm(".pushsection \".debug_gdb_scripts\", \"MS\", %progbits, 1\n"
    ".byte 1\n"
    ".asciz \"" WEIR_PRINTERS
    "\"\n"
    ".popsection\n");
#endif
