import Testing

@testable import VMM

@Suite("The serial port")
struct SerialPortTests {
    @Test("Output is accepted at once")
    func outputIsTakenAtOnce() {
        var port = SerialPort()
        #expect(port.write(65, to: 0x3f8) == 65)
        #expect(port.read(0x3fd) == 0x60)
    }

    @Test("Divisor writes are not output")
    func divisorIsNotOutput() {
        var port = SerialPort()
        #expect(port.write(0x80, to: 0x3fb) == nil)
        #expect(port.write(12, to: 0x3f8) == nil)
        #expect(port.read(0x3f8) == 12)
    }

    @Test("Input raises the interrupt line once it is enabled")
    func inputRaisesTheLineOnceAskedFor() {
        var port = SerialPort()
        port.receive([1, 2])
        #expect(!port.wantsInterrupt)
        _ = port.write(1, to: 0x3f9)
        #expect(port.wantsInterrupt)
        #expect(port.read(0x3fa) == 0b0100)
        #expect(port.read(0x3fd) & 1 == 1)
        #expect([port.read(0x3f8), port.read(0x3f8)] == [1, 2])
        #expect(port.read(0x3fd) & 1 == 0)
        #expect(!port.wantsInterrupt)
    }

    @Test("Input beyond the queue is dropped")
    func inputBeyondTheQueueIsLost() {
        var port = SerialPort()
        port.receive([UInt8](repeating: 7, count: 10_000))
        var count = 0
        while port.read(0x3fd) & 1 == 1 {
            _ = port.read(0x3f8)
            count += 1
        }
        #expect(count == VMMLimits.consoleInputBytesMax)
    }
}
