#if canImport(Glibc)
import Glibc
import MonotonicTime
import TestSupport
@testable import Net

/// A host of ours and the real Linux stack at the two ends of a tap device, driven by one loop in real time.
final class LinuxLab {
    let host: Host
    let tap: Tap
    private let usesVnetHeader: Bool
    /// The share of frames that get lost in each direction.
    private let loss: Double
    private var generator = SplitMix64(seed: 99)
    private let start: UInt64
    private var buffer = [UInt8](repeating: 0, count: 70_000)

    static let hostAddress = IPv4Address(10, 77, 0, 2)
    static let linuxAddress = IPv4Address(10, 77, 0, 1)

    init(usesVnetHeader: Bool = false, loss: Double = 0, transport: TransportConfiguration = .init()) throws {
        self.usesVnetHeader = usesVnetHeader
        self.loss = loss
        tap = try Tap(address: Self.linuxAddress, vnetHeader: usesVnetHeader)
        var configuration = NetworkConfiguration(
            hardwareAddress: EthernetAddress(2, 0, 0, 0, 0, 0x77),
            addressing: .static(InterfaceAddress(address: Self.hostAddress, prefixLength: 24)))
        configuration.isTransmitChecksumOffloaded = usesVnetHeader
        configuration.transport = transport
        start = Self.clock()
        host = Host(configuration)
    }

    var now: Instant { Instant(nanoseconds: Self.clock() - start) }

    /// Moves frames and lets both sides act until `isDone` says so; false after `limit`.
    func run(limit: Interval, until isDone: (Instant) -> Bool) -> Bool {
        let end = now + limit
        while true {
            var isIdle = true
            while let frame = readFrame() {
                isIdle = false
                if !generator.chance(loss) {
                    host.receive(frame.bytes, checksumValidated: frame.isValidated, now: now)
                }
            }
            if host.nextDeadline <= now { host.stack.advance(to: now) }
            let isFinished = isDone(now)
            while let (frame, descriptor) = host.nextFrameAndDescriptor(now: now) {
                isIdle = false
                if !generator.chance(loss) { writeFrame(frame, descriptor) }
            }
            if isFinished { return true }
            guard now < end else { return false }
            if isIdle { wait() }
        }
    }

    private func wait() {
        var entry = pollfd(fd: tap.descriptor, events: Int16(POLLIN), revents: 0)
        poll(&entry, 1, 1)
    }

    private static let vnetHeaderByteCount = 10

    private func readFrame() -> (bytes: [UInt8], isValidated: Bool)? {
        let count = read(tap.descriptor, &buffer, buffer.count)
        guard count > 0 else { return nil }
        guard usesVnetHeader else { return (Array(buffer[..<count]), false) }
        // VIRTIO_NET_HDR_F_NEEDS_CSUM or _DATA_VALID: the frame never left this machine.
        return (Array(buffer[Self.vnetHeaderByteCount..<count]), buffer[0] & 3 != 0)
    }

    private func writeFrame(_ frame: [UInt8], _ descriptor: TransmitDescriptor) {
        var bytes: [UInt8] = []
        if usesVnetHeader {
            bytes = [UInt8](repeating: 0, count: Self.vnetHeaderByteCount)
            if let checksum = descriptor.checksum {
                bytes[0] = 1
                bytes[6] = UInt8(checksum.start & 0xFF)
                bytes[8] = UInt8(checksum.offset)
            }
        }
        bytes += frame
        _ = write(tap.descriptor, bytes, bytes.count)
    }

    private static func clock() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}

/// Runs `body` on a thread of its own, whose network namespace ends with it.
func withLinuxLab(
    usesVnetHeader: Bool = false, loss: Double = 0, transport: TransportConfiguration = .init(),
    _ body: @escaping (LinuxLab) throws -> Void
) throws {
    final class Job {
        let work: () throws -> Void
        var error: (any Error)?
        init(_ work: @escaping () throws -> Void) { self.work = work }
    }
    let job = Job {
        try body(LinuxLab(usesVnetHeader: usesVnetHeader, loss: loss, transport: transport))
    }
    var thread = pthread_t()
    pthread_create(
        &thread, nil,
        { argument in
            let job = Unmanaged<Job>.fromOpaque(argument!).takeUnretainedValue()
            do { try job.work() } catch { job.error = error }
            return nil
        }, Unmanaged.passUnretained(job).toOpaque())
    pthread_join(thread, nil)
    if let error = job.error { throw error }
}

extension LinuxLab {
    /// Whether this machine lets us make a namespace with a tap device: Linux, /dev/net/tun, CAP_NET_ADMIN.
    static let isAvailable: Bool = {
        do {
            try withLinuxLab { _ in }
            return true
        } catch {
            return false
        }
    }()
}
#endif
