// Under an emulator that the kernel does not know of, what a test starts as `process.execPath` has to go through it too.
process.execPath = process.env.FERROGRAD_EMULATED_NODE
