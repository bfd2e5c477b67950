import GuestInterface
import TestSupport
import Testing

@Suite("The kernel's command line, written and read")
struct CommandLineRoundTripTests {
    private typealias EncodeError = KernelConfiguration.EncodeError

    private func random(_ numbers: inout SplitMix64) -> KernelConfiguration {
        func maybe<Value>(_ value: @autoclosure () -> Value) -> Value? { Bool.random(using: &numbers) ? value() : nil }
        func text() -> [UInt8] {
            let writable = (UInt8(0x21)...0x7e).filter { $0 != UInt8(ascii: "\"") }
            return (0..<Int.random(in: 1...40, using: &numbers)).map { _ in writable.randomElement(using: &numbers)! }
        }
        var value = KernelConfiguration()
        if Bool.random(using: &numbers) {
            value.addressing = .static(
                address: .random(in: 0 ... .max, using: &numbers), prefixLength: .random(in: 1...30, using: &numbers),
                gateway: maybe(UInt32.random(in: 0 ... .max, using: &numbers)))
        }
        value.port = .random(in: 1...65_535, using: &numbers)
        value.logLevel = LogLevel.allCases.randomElement(using: &numbers)!
        value.modelDevice =
            Bool.random(using: &numbers)
            ? .block(.random(in: 0..<26, using: &numbers)) : .persistentMemory(.random(in: 0..<10, using: &numbers))
        value.modelByteCount = maybe(UInt64.random(in: 1...(1 << 50), using: &numbers))
        value.modelName = text()
        value.apiKeys = (0..<Int.random(in: 0...3, using: &numbers)).map { _ in text() }
        value.lawDevice = maybe(Int.random(in: 0..<26, using: &numbers))
        value.lawByteCount = maybe(UInt64.random(in: 1...(1 << 50), using: &numbers))
        value.auditKey = maybe(text()) ?? []
        value.wallClockSeconds = .random(in: 0...(1 << 40), using: &numbers)
        value.contextLength = maybe(Int.random(in: 1...(1 << 24), using: &numbers))
        value.sequenceCount = .random(in: 1...KernelConfiguration.sequenceCountMax, using: &numbers)
        value.timeToFirstTokenMilliseconds = maybe(UInt64.random(in: 1...3_600_000, using: &numbers))
        value.timeBetweenTokensMilliseconds = maybe(UInt64.random(in: 1...3_600_000, using: &numbers))
        value.cpuCount = .random(in: 1...64, using: &numbers)
        value.selfTest = maybe(KernelConfiguration.SelfTest.allCases.randomElement(using: &numbers)!)
        return value
    }

    @Test("whatever is written is read as the same value")
    func roundTrip() throws {
        var numbers = SplitMix64(seed: 14)
        for _ in 0..<500 {
            let value = random(&numbers)
            #expect(try KernelConfiguration(commandLine: value.encode()) == value)
        }
    }

    @Test("words of others around ours change nothing")
    func foreignWords() throws {
        var value = KernelConfiguration()
        value.modelName = Array("a=b".utf8)
        let line =
            Array("console=ttyS0 ".utf8) + (try value.encode()) + Array(" virtio_mmio.device=4K@0xd0000000:5".utf8)
        #expect(try KernelConfiguration(commandLine: line) == value)
    }

    @Test(
        "a value that would end a word or a string early is refused, with its key",
        arguments: ["two words", "tab\t", "line\nfeed", "quo\"te", "ключ", "zero\0", "record\u{1e}"])
    func hostileValues(text: String) {
        var value = KernelConfiguration()
        value.apiKeys = [Array(text.utf8)]
        #expect(throws: EncodeError(.apiKey, .unwritable)) { try value.encode() }
    }

    @Test("a value that the kernel would not take is not written")
    func outOfRange() {
        func key(_ change: (inout KernelConfiguration) -> Void) -> KernelConfiguration.Key? {
            var value = KernelConfiguration()
            change(&value)
            do throws(EncodeError) {
                _ = try value.encode()
                return nil
            } catch {
                return error.key
            }
        }
        #expect(key { $0.port = 0 } == .port)
        #expect(key { $0.modelDevice = .block(26) } == .modelDevice)
        #expect(key { $0.modelDevice = .persistentMemory(10) } == .modelDevice)
        #expect(key { $0.lawDevice = -1 } == .lawDevice)
        #expect(key { $0.modelName = [] } == .modelName)
        #expect(key { $0.cpuCount = 65 } == .cpuCount)
        #expect(key { $0.contextLength = -1 } == .contextLength)
        #expect(key { $0.sequenceCount = 1_025 } == .sequenceCount)
        #expect(key { $0.timeToFirstTokenMilliseconds = 0 } == .timeToFirstToken)
    }

    @Test("a line may be as long as its reader takes, and not longer")
    func length() throws {
        var value = KernelConfiguration()
        let byteCount = try value.encode().count
        #expect(try value.encode(byteCountMax: byteCount).count == byteCount)
        #expect(throws: EncodeError(.cpuCount, .tooLong(byteCountMax: byteCount - 1))) {
            try value.encode(byteCountMax: byteCount - 1)
        }
        value.apiKeys = [[UInt8](repeating: UInt8(ascii: "k"), count: KernelConfiguration.commandLineByteCountMax)]
        #expect(throws: EncodeError.self) { try value.encode() }
    }
}
