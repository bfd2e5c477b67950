// What the boot stub has of the contract between host and guest, for C and assembly. The module GuestInterface is its
// home; a test of it compares every value here.
#pragma once

// `ExitStatus` and its port; `ResetLine`.
#define EXIT_PORT 0xf4
#define EXIT_FAILED 0x11
#define EXIT_SUSPENDED 0x12
#define RESET_PORT 0x64
#define RESET_COMMAND 0xfe

// `LowMemory`: where a started core finds its first instructions, and what core 0 leaves for it.
#define TRAMPOLINE_ADDRESS 0x8000
#define TRAMPOLINE_PARAMETERS 0x9000
