import Glibc
import HostErrors
import HostSystem
import Testing

@testable import Machines

@Suite("A port that is ours")
struct ServerPortTests {
    /// Binds as another program would; answers the error number, or 0.
    private func tryBinding(_ port: UInt16, reusing: Bool, thenListening: Bool = false) -> Int32 {
        let other = Loopback.makeSocket()
        var enabled: Int32 = reusing ? 1 : 0
        setsockopt(other.number, SOL_SOCKET, SO_REUSEADDR, &enabled, socklen_t(MemoryLayout<Int32>.size))
        return Loopback.withAddress(port: port) { address, length in
            guard bind(other.number, address, length) == 0 else { return errno }
            return !thenListening || listen(other.number, 1) == 0 ? 0 : errno
        }
    }

    private func canConnect(to port: UInt16) -> Bool { Loopback.connect(port: port) != nil }

    @Test("nobody can take it in between, and connections wait in its backlog")
    func exclusive() throws {
        let port = try ServerPort(0)
        #expect(port.number > 0)
        for reusing in [false, true] { #expect(tryBinding(port.number, reusing: reusing) == EADDRINUSE) }
        #expect(canConnect(to: port.number))
        let number = port.number
        let error = try #require(throws: PortError.self) { _ = try ServerPort(number).number }
        #expect(error == .taken(port: number))
        #expect(error.description.contains("--port"))
    }

    @Test("many that ask for any port get different ones, those included that stand aside")
    func any() throws {
        let first = try ServerPort(0)
        first.standAside()
        // More than half of them all would be needed to meet it by chance; the rule is what is tested.
        let second = try ServerPort(0)
        second.standAside()
        #expect(first.number != second.number)
        for number in [first.number, second.number] { #expect(tryBinding(number, reusing: false) == EADDRINUSE) }
    }

    @Test("a server that binds for itself can have it once it stands aside", arguments: [true, false])
    func standingAside(isAnyPort: Bool) throws {
        var number: UInt16 = 0
        if !isAnyPort { number = try ServerPort(0).number }
        let port = try ServerPort(number)
        port.standAside()
        #expect(!canConnect(to: port.number), "nobody is there yet")
        #expect(tryBinding(port.number, reusing: true, thenListening: true) == 0)
    }

    @Test("a child gets it on a descriptor, listening and not to be inherited any further")
    func inherited() throws {
        let port = try ServerPort(0)
        let child = try ServerPort(inheriting: dup(port.descriptor), flag: "--listen-fd")
        #expect(child.number == port.number)
        #expect(fcntl(child.descriptor, F_GETFD) & FD_CLOEXEC != 0)
    }

    @Test("anything else on that descriptor is refused by the flag's name", arguments: [true, false])
    func notAListener(isOpen: Bool) throws {
        let file = FileDescriptor(owning: isOpen ? open("/dev/null", O_RDONLY | O_CLOEXEC) : -1)
        let number = file.number
        let error = try #require(throws: UnusableValue.self) {
            _ = try ServerPort(inheriting: number, flag: "--listen-fd").number
        }
        #expect(error.exitCode.rawValue == 64)
        #expect(error.description == "--listen-fd \(number) is no socket that listens on a port of IPv4")
    }

    @Test("its socket can be given away, and stays open")
    func released() throws {
        let port = try ServerPort(0)
        let number = port.number
        let descriptor = port.release()
        defer { close(descriptor) }
        #expect(Loopback.localPort(of: descriptor) == number)
        #expect(tryBinding(number, reusing: true) == EADDRINUSE)
    }
}
