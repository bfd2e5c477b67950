import Glibc
import HostSystem
import Testing
import Virtio

@testable import VMM

/// The kernel's own driver against the network device; a pair of datagram sockets is the tap interface, which takes and
/// gives one frame a call as well.
@Suite("The network device on a tap interface")
struct NetworkModelTests {
    private final class Link {
        let wired: Wired
        let device: NetworkDevice<Wired>
        let host: FileDescriptor
        private let listening = Flag()
        var isListening: Bool { listening.isSet }

        private final class Flag {
            var isSet = false
        }

        init(macAddress: [UInt8]? = [6, 0, 0xac, 0x10, 0, 2]) throws {
            var ends: [Int32] = [0, 0]
            try #require(socketpair(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_NONBLOCK.rawValue), 0, &ends) == 0)
            host = FileDescriptor(owning: ends[0])
            let model = NetworkModel(FileDescriptor(owning: ends[1]), macAddress: macAddress)
            let listening = listening
            model.onListening = { listening.isSet = $0 }
            wired = try Wired(model)
            let sizes = NetworkConfiguration(receiveBufferCount: 4, transmitBufferCount: 4)
            device = try NetworkDevice(
                registers: wired, memory: wired.allocate(sizes.requirement.byteCount), configuration: sizes)
        }

        func received() throws -> [[UInt8]] {
            var frames: [[UInt8]] = []
            _ = try device.receive { frame, _ in
                frames.append(frame.indices.map { frame[$0] })
            }
            return frames
        }
    }

    private func frame(_ byte: UInt8, count: Int = 60) -> [UInt8] { [UInt8](repeating: byte, count: count) }

    @Test("The device has the configured address")
    func addressIsTheConfiguredOne() throws {
        let address = try #require(try Link().device.macAddress)
        #expect(address.indices.map { address[$0] } == [6, 0, 0xac, 0x10, 0, 2])
        #expect(try Link(macAddress: nil).device.macAddress == nil)
    }

    @Test("Frames of the guest reach the interface whole")
    func framesOfTheGuestReachTheInterfaceWhole() throws {
        let link = try Link()
        for byte in [UInt8(1), 2] {
            _ = try link.device.transmit { buffer in
                for index in 0..<60 { buffer[index] = byte }
                return TransmitDescriptor(byteCount: 60)
            }
        }
        link.device.publish()
        #expect(link.host.read() == frame(1))
        #expect(link.host.read() == frame(2))
    }

    @Test("Frames of the host reach the guest in order")
    func framesOfTheHostReachTheGuestInOrder() throws {
        let link = try Link()
        link.host.write(frame(1))
        link.host.write(frame(2, count: 1_514))
        link.wired.serve()
        #expect(try link.received() == [frame(1), frame(2, count: 1_514)])
        #expect(link.isListening)
    }

    @Test("A frame without a buffer waits, and the interface is not polled meanwhile")
    func frameWithoutABufferWaitsAndTheInterfaceIsNotListenedTo() throws {
        let link = try Link()
        for byte in UInt8(0)..<6 { link.host.write(frame(byte)) }
        link.wired.serve()
        #expect(!link.isListening)
        #expect(try link.received() == (UInt8(0)..<4).map { frame($0) })
        link.wired.serve()
        #expect(try link.received() == [frame(4), frame(5)])
        #expect(link.isListening)
    }

    @Test("A frame longer than any buffer is dropped")
    func frameLongerThanBuffersAreMadeForIsLost() throws {
        let link = try Link()
        link.host.write(frame(1, count: 1_515))
        link.host.write(frame(2))
        link.wired.serve()
        #expect(try link.received() == [frame(2)])
    }

    @Test("A reset drops the frame that waited")
    func frameThatWaitedIsLostWithAReset() throws {
        let link = try Link()
        for byte in UInt8(0)..<5 { link.host.write(frame(byte)) }
        link.wired.serve()
        link.wired.write32(0, at: MMIORegister.status)
        #expect(!link.wired.transport.isRunning)
        #expect(!link.wired.transport.serve())
    }

    @Test("An interface that cannot be opened is named")
    func interfacesThatCannotBeOpenedAreNamed() {
        #expect(throws: VMMError.configuration(field: "host_dev_name", reason: "must have from 1 to 15 bytes")) {
            _ = try TapInterface.open("an-interface-name")
        }
    }
}
