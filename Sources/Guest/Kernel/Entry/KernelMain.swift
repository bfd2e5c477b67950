import Boot
import GuestInterface
import GuestServer
import KernelCore
import Law
import MonotonicTime
import Tensor
import Virtio
import _Concurrency

/// The kernel's first Swift code, in ring 3 on the boot page tables: makes the machine usable, then lets the executor
/// run the appliance.
@_cdecl("kernel_main")
public func kernelMain(bootProtocol: UInt32, parameters: UInt64) -> Never {
    let entryTimestamp = boot_rdtsc()
    // A guess until the clock is calibrated, good enough to order the first lines.
    Machine.clock = TimestampClock(frequencyHertz: 2_000_000_000, origin: entryTimestamp)
    KernelEntropy.start()

    let information = readBootInformation(bootProtocol, parameters)
    let configuration = readConfiguration(information.commandLine)
    Machine.log.level = configuration.logLevel
    let announced = findDevices(information)
    let pageTableRoot = startMemory(information.memoryMap, devices: announced)
    let clockSource = MachineClock.calibrate(origin: entryTimestamp)
    LocalAPIC.enable()
    let cores = Cores(starting: configuration.cpuCount, pageTableRoot: pageTableRoot)

    let greeting =
        "hexa-os: \(information.memoryMap.byteCount >> 20) MiB of RAM, "
        + "\(cores.crew.participantCount) of \(configuration.cpuCount) cores, clock from \(clockSource.name)"
    Machine.log.debug("command line: \(String(decoding: information.commandLine, as: UTF8.self))")
    var law = Law(clients: Law.Client.holding(configuration.apiKeys))
    if let test = configuration.selfTest { SelfTest.run(test, law: &law, capability: law.kernelCapability()) }
    let sequence = BootSequence(configuration: configuration, announced: announced, law: law, cores: cores)
    Task { await sequence.run(greeting: greeting) }
    Executor.runForever()
}

private func readBootInformation(_ bootProtocol: UInt32, _ parameters: UInt64) -> BootInformation {
    do throws(BootInformation.ReadError) {
        return try BootInformation(protocolID: bootProtocol, parameters: parameters, memory: PhysicalMemory())
    } catch {
        refuse(error.message)
    }
}

private func readConfiguration(_ commandLine: [UInt8]) -> KernelConfiguration {
    do throws(KernelConfiguration.ParseError) {
        return try KernelConfiguration(commandLine: commandLine)
    } catch {
        refuse(error.message)
    }
}

/// The devices of the command line. Registers inside RAM are a VMM's mistake that would let it be mapped uncached.
private func findDevices(_ information: BootInformation) -> [MMIODevice] {
    do throws(MMIODeviceError) {
        return try MMIODevice.devices(inCommandLine: information.commandLine.span).filter { device in
            information.memoryMap.usable.allSatisfy {
                device.address >= $0.end || device.address + device.byteCount <= $0.start
            }
        }
    } catch {
        refuse("command line: \(error.description)")
    }
}

private func startMemory(_ map: MemoryMap, devices: [MMIODevice]) -> UInt64 {
    guard KernelHeap.start(ram: map) else {
        refuse("memory: \(map.byteCount >> 20) MiB of RAM have no room for the kernel; give it more with --memory")
    }
    let registers = devices.map { PhysicalRange(start: $0.address, end: $0.address + $0.byteCount) }
    do throws(PageTables.MapError) {
        let root = try AddressSpace.enter(ram: map, devices: [LocalAPIC.registers] + IOAPIC.registers + registers)
        KernelHeap.addMappedMemory(of: map)
        return root
    } catch {
        refuse("memory: no page tables for \(map.byteCount >> 20) MiB of RAM; give the machine more with --memory")
    }
}

/// Ends the run over something outside that the kernel cannot work with: one line, and a non-zero exit.
func refuse(_ message: String) -> Never {
    Machine.log.error(message)
    Power.off(.failure)
}
