/// Memory that the kernel keeps free of the model, which the host has to give the machine.
package enum MemoryReserve {
    /// For programs where a law can name some: 16 MiB of heaps, 8 of files, 8 of code, and what compiling takes.
    package static var programsByteCount: Int { 48 << 20 }
}
