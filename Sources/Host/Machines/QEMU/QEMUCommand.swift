import GuestInterface
import HostErrors

/// How QEMU is called for a machine. This is the one place that knows QEMU's language.
///
/// The kernel command line goes in through a configuration file on descriptor 3 instead of `-append`: it may hold an
/// API key, and the arguments of a process are there for every user of the host to read.
public struct QEMUCommand: Equatable, Sendable {
    public static let program = "qemu-system-x86_64"
    /// The Debian package that carries `program`.
    public static let debianPackage = "qemu-system-x86"
    /// QEMU's user network: the guest is always this address, and asking by DHCP for it would only cost time.
    static let guestAddressing = KernelConfiguration.Addressing.static(
        address: 0x0a00_020f, prefixLength: 24, gateway: 0x0a00_0202)
    /// The descriptor on which the child finds `configurationFile`.
    public static let configurationDescriptor: Int32 = 3

    public let arguments: [String]
    /// The text QEMU must be able to read on `configurationDescriptor`.
    public var configurationFile: String { "[machine]\n  append = \"\(kernelCommandLine)\"\n" }
    public let kernelCommandLine: String

    public init(_ machine: MachineConfiguration) throws(UnusableValue) {
        arguments =
            Self.machineArguments(machine)
            + Self.networkArguments(machine)
            + Self.diskArguments(machine)
            + Self.otherDeviceArguments
            + ["-kernel", machine.kernelPath, "-readconfig", "/dev/fd/\(Self.configurationDescriptor)"]
        kernelCommandLine = try machine.kernelCommandLine()
    }

    private static func machineArguments(_ machine: MachineConfiguration) -> [String] {
        // Without ACPI and option ROMs: QEMU's smallest firmware then starts the kernel, and announces the devices on
        // the kernel command line.
        let options = "x-option-roms=off,pit=off,pic=off,rtc=off,acpi=off,isa-serial=on,auto-kernel-cmdline=on"
        return [
            // The threads get the names by which `VirtualProcessors` tells them apart.
            "-name", "hexa-os,debug-threads=on",
            "-M", "microvm,accel=\(machine.accelerator.rawValue),\(options)",
            "-cpu", machine.accelerator == .kvm ? "host,-arch-capabilities" : "max",
            "-smp", String(machine.processorCount),
            "-m", String(machine.memoryMiB),
            "-nodefaults", "-no-user-config", "-no-reboot", "-display", "none",
            "-global", "virtio-mmio.force-legacy=false",
        ]
    }

    private static func networkArguments(_ machine: MachineConfiguration) -> [String] {
        [
            "-netdev", "user,id=net,hostfwd=tcp:127.0.0.1:\(machine.hostPort)-:\(ServerAddress.port)",
            "-device", "virtio-net-device,netdev=net",
        ]
    }

    /// The kernel names drives by address, and QEMU hands out addresses from the highest down: the last is vda.
    private static func diskArguments(_ machine: MachineConfiguration) -> [String] {
        (machine.law.map { drive("law", $0.path) } ?? []) + drive("model", machine.modelPath)
    }

    private static func drive(_ name: String, _ path: String) -> [String] {
        [
            "-blockdev",
            "driver=file,node-name=\(name),filename=\(escaped(path)),read-only=on,"
                + "auto-read-only=off,cache.direct=off,aio=threads",
            "-device", "virtio-blk-device,drive=\(name)",
        ]
    }

    private static let otherDeviceArguments = [
        "-device", "virtio-rng-device",
        // The console both ways: the kernel's log comes out, the request to power off goes in.
        "-chardev", "stdio,id=console,signal=off", "-serial", "chardev:console",
        // The kernel ends the machine by writing a status here; QEMU exits with `status << 1 | 1`.
        "-device", "isa-debug-exit,iobase=\(ExitStatus.port),iosize=\(ExitStatus.portByteCount)",
    ]

    /// A comma ends an option's value unless it is doubled.
    private static func escaped(_ value: String) -> String {
        var result = ""
        for character in value { result += character == "," ? ",," : String(character) }
        return result
    }
}
