import Glibc
import HostSystem
import Testing

@testable import VMM

/// Clients of the host, and a guest that does what the test has its device's stack do.
@Suite struct PortForwarderTests {
    private final class Host {
        let loop: EventLoop
        let model = SocketModel(guestContext: 3)
        let forwarder: PortForwarder
        private let address: sockaddr_un
        private let addressByteCount: socklen_t

        init() throws {
            loop = try EventLoop()
            let listener = FileDescriptor(owning: socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0))
            var address = sockaddr_un()
            address.sun_family = sa_family_t(AF_UNIX)
            var byteCount = socklen_t(MemoryLayout<sockaddr_un>.size)
            let number = listener.number
            // A name that Linux chooses (unix(7), autobind).
            let isListening = withUnsafeMutablePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                    bind(number, generic, socklen_t(MemoryLayout<sa_family_t>.size)) == 0
                        && getsockname(number, generic, &byteCount) == 0 && listen(number, 8) == 0
                }
            }
            try #require(isListening)
            (self.address, addressByteCount) = (address, byteCount)
            forwarder = PortForwarder(listener, guestPort: 80, model: model, loop: loop) { $0() }
            model.onPackets()
        }

        func connect() throws -> FileDescriptor {
            let client = FileDescriptor(owning: socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0))
            var address = address
            let isConnected = withUnsafePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                    Glibc.connect(client.number, generic, addressByteCount) == 0
                }
            }
            try #require(isConnected)
            return client
        }

        /// Whether there comes a time when nothing is ready.
        func comesToRest() -> Bool {
            for _ in 0..<100 where !loop.runOnce(timeoutMilliseconds: 0) { return true }
            return false
        }
    }

    @Test func clientThatIsGoneKeepsNobodyBusyWhileTheGuestIsSlow() throws {
        let host = try Host()
        do {
            let client = try host.connect()
            client.write(Array("GET / HTTP/1.1\r\n\r\n".utf8))
        }
        #expect(host.comesToRest())
        #expect(host.model.stack.streamCount == 1)
    }

    @Test func clientFromBeforeAResetIsLetGoOf() throws {
        let host = try Host()
        let old = try host.connect()
        #expect(host.comesToRest())
        host.model.reset()
        let new = try host.connect()
        #expect(host.comesToRest())
        #expect(old.read() == [])
        #expect(host.comesToRest())
        new.setNonBlocking()
        #expect(new.read() == nil)
        #expect(host.model.stack.streamCount == 1)
    }
}
