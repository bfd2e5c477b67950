import GuestInterface

/// The block that a PVH kernel is handed: `hvm_start_info`, its memory map and the command line
/// (Xen public/arch-x86/hvm/start_info.h).
struct StartInfo {
    private static let magic: UInt32 = 0x336e_c578
    /// The version that has a memory map.
    private static let version: UInt32 = 1
    private static let typeRAM: UInt32 = 1

    let startInfo: [UInt8]
    let memoryMap: [UInt8]
    /// With its closing zero.
    let commandLine: [UInt8]

    init(commandLine text: String, usable: [Range<UInt64>]) throws(VMMError) {
        guard text.utf8.count < KernelConfiguration.commandLineByteCountMax, text.utf8.allSatisfy({ $0 != 0 }) else {
            throw .configuration(
                field: "boot_args",
                reason: "must be shorter than \(KernelConfiguration.commandLineByteCountMax) bytes, without zeros")
        }
        commandLine = Array(text.utf8) + [0]
        var map: [UInt8] = []
        for range in usable {
            map.append(littleEndian: range.lowerBound)
            map.append(littleEndian: range.upperBound - range.lowerBound)
            map.append(littleEndian: Self.typeRAM)
            map.append(littleEndian: UInt32(0))
        }
        memoryMap = map
        var info: [UInt8] = []
        info.append(littleEndian: Self.magic)
        info.append(littleEndian: Self.version)
        // Flags, and the number of modules: none.
        info.append(littleEndian: UInt64(0))
        // The modules' list; the command line; the ACPI tables, of which there are none.
        for address in [0, LowMemory.commandLine, 0] { info.append(littleEndian: address) }
        info.append(littleEndian: LowMemory.memoryMap)
        info.append(littleEndian: UInt32(usable.count))
        info.append(littleEndian: UInt32(0))
        startInfo = info
    }

    func write(to memory: MachineMemory) {
        for (bytes, address) in [
            (startInfo, LowMemory.startInfo), (memoryMap, LowMemory.memoryMap), (commandLine, LowMemory.commandLine),
        ] {
            bytes.withUnsafeBytes { memory.write($0, at: address) }
        }
    }
}
