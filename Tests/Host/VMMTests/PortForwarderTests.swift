import Glibc
import HostSystem
import Testing

@testable import Net
@testable import VMM

/// Clients of the host, and a guest that does what the test has its device's stack do.
@Suite("Forwarding of host connections")
struct PortForwarderTests {
    private final class Host {
        let loop: EventLoop
        let model = SocketModel(guestContext: 3)
        let forwarder: PortForwarder
        private let address: sockaddr_un
        private let addressByteCount: socklen_t

        init(_ destination: HostListener.Destination = .port(80)) throws {
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
            forwarder = PortForwarder([HostListener(listener, to: destination)], model: model, loop: loop) { $0() }
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

        /// What the device has for the guest.
        func packet() -> VsockHeader? {
            var bytes = [UInt8](repeating: 0, count: 4_096)
            var span = bytes.mutableSpan
            var buffer = span.mutableBytes
            guard let byteCount = model.stack.transmit(into: &buffer) else { return nil }
            return VsockHeader(parsing: bytes.span.extracting(first: byteCount).bytes)
        }

        /// Has the guest answer the last request of ours.
        func answer(_ request: VsockHeader, _ operation: VsockOperation) {
            var header = VsockHeader(source: request.destination, destination: request.source, operation: operation)
            header.bufferByteCount = 65_536
            var bytes = [UInt8](repeating: 0, count: VsockHeader.byteCount)
            var span = bytes.mutableSpan
            var buffer = span.mutableBytes
            header.write(to: &buffer)
            model.stack.receive(bytes.span.bytes)
            model.onPackets()
        }

        /// Whether there comes a time when nothing is ready.
        func comesToRest() -> Bool {
            for _ in 0..<100 where !loop.runOnce(timeoutMilliseconds: 0) { return true }
            return false
        }
    }

    @Test("A disconnected client costs no work while the guest is slow")
    func clientThatIsGoneKeepsNobodyBusyWhileTheGuestIsSlow() throws {
        let host = try Host()
        do {
            let client = try host.connect()
            client.write(Array("GET / HTTP/1.1\r\n\r\n".utf8))
        }
        #expect(host.comesToRest())
        #expect(host.model.stack.streamCount == 1)
    }

    @Test("A client from before a reset is disconnected")
    func clientFromBeforeAResetIsLetGoOf() throws {
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

    // MARK: Clients that name a port

    @Test("A client is answered when the guest accepts")
    func clientIsToldWhenTheGuestAccepts() throws {
        let host = try Host(.namedByClient)
        let client = try host.connect()
        client.write(Array("CONNECT 52\nhello".utf8))
        #expect(host.comesToRest())
        let request = try #require(host.packet())
        #expect(request.operation == .request && request.destination.port == 52)
        host.answer(request, .response)
        #expect(client.read() == Array("OK \(request.source.port)\n".utf8))
        let data = try #require(host.packet())
        #expect(data.operation == .readWrite && data.payloadByteCount == 5)
    }

    @Test("A CONNECT request may arrive in pieces")
    func requestMayComeInPieces() throws {
        let host = try Host(.namedByClient)
        let client = try host.connect()
        for piece in ["CONN", "ECT 8", "0\n"] {
            #expect(host.packet() == nil)
            client.write(Array(piece.utf8))
            #expect(host.comesToRest())
        }
        #expect(host.packet()?.destination.port == 80)
    }

    @Test(
        "Anything but a CONNECT request ends the connection",
        arguments: [
            "connect 80\n", "CONNECT \n", "CONNECT 4294967296\n", "CONNECT 8o\n", "GET / HTTP/1.1\r\n\r\n",
            String(repeating: "0", count: 64),
        ])
    func otherWordsEndTheConnection(_ words: String) throws {
        let host = try Host(.namedByClient)
        let client = try host.connect()
        client.write(Array(words.utf8))
        #expect(host.comesToRest())
        #expect(client.read() == [])
        #expect(host.model.stack.streamCount == 0)
    }

    @Test("A connection ends when the guest does not listen")
    func connectionEndsWhenNobodyListensInTheGuest() throws {
        let host = try Host(.namedByClient)
        let client = try host.connect()
        client.write(Array("CONNECT 52\n".utf8))
        #expect(host.comesToRest())
        host.answer(try #require(host.packet()), .reset)
        #expect(client.read() == [])
    }

    // MARK: The socket's file

    @Test("The socket of a machine that has ended is replaced")
    func socketOfAMachineThatIsGoneIsReplaced() throws {
        let path = "/tmp/hexa-vmm-test-\(getpid())-\(UInt32.random(in: 0...UInt32.max))"
        defer { unlink(path) }
        do { _ = try HostListener(unixSocket: path) }
        let listener = try HostListener(unixSocket: path)
        #expect(throws: VMMError.socketUnusable(path: path, errno: EADDRINUSE)) { try HostListener(unixSocket: path) }
        _ = listener.destination
    }

    @Test("A file that is not a socket is left alone")
    func fileThatIsNoSocketIsLeftAlone() throws {
        let path = "/tmp/hexa-vmm-test-\(getpid())-\(UInt32.random(in: 0...UInt32.max))"
        defer { unlink(path) }
        FileDescriptor(owning: open(path, O_CREAT | O_WRONLY, 0o600)).write([1])
        #expect(throws: VMMError.socketUnusable(path: path, errno: EADDRINUSE)) { try HostListener(unixSocket: path) }
        #expect(access(path, F_OK) == 0)
    }

    @Test("A path that does not fit a socket address is refused", arguments: ["", String(repeating: "p", count: 108)])
    func pathsThatFitNoAddressAreRefused(_ path: String) {
        #expect(throws: VMMError.configuration(field: "vsock.uds_path", reason: "must have from 1 to 107 bytes")) {
            try HostListener(unixSocket: path)
        }
    }
}
