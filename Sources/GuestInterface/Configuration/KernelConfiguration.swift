/// What the command line says, as `key=value` words. Words without the `hexa.` prefix belong to others (the virtio
/// transport's `virtio_mmio.device=`, a VMM's own) and are left alone.
public struct KernelConfiguration: Equatable, Sendable {
    public enum Addressing: Equatable, Sendable {
        case dhcp
        case `static`(address: UInt32, prefixLength: UInt8, gateway: UInt32?)
    }

    public var addressing: Addressing = .dhcp
    public var port: UInt16 = 80
    public var logLevel: LogLevel = .info
    /// Where the model's file is: the n-th disk (`vda` is 0), or the n-th file mapped by the VMM (`pmem0` is 0).
    public enum ModelDevice: Equatable, Sendable {
        case block(Int)
        case persistentMemory(Int)
    }
    public var modelDevice: ModelDevice = .block(0)
    /// The model file's exact size; a block device only knows it in sectors.
    public var modelByteCount: UInt64?
    /// What `/v1/models` calls it.
    public var modelName: [UInt8] = Array("model".utf8)
    public var apiKeys: [[UInt8]] = []
    /// The block device with the law (raw.json); without one the kernel's default law holds.
    public var lawDevice: Int?
    /// The law's exact size; a block device only knows it in sectors.
    public var lawByteCount: UInt64?
    /// Signs the heads of the growth bus.
    public var auditKey: [UInt8] = []
    /// Seconds since 1970 when the machine was started, for `created` fields; zero when unknown.
    public var wallClockSeconds: UInt64 = 0
    /// Tokens a sequence may hold; the model's own context when absent.
    public var contextLength: Int?
    /// Requests served at once; more wait.
    public var sequenceCount: Int = 8
    public static var sequenceCountMax: Int { 1_024 }
    /// What is promised to whoever is served, in milliseconds: the time to the first token, and between tokens.
    public var timeToFirstTokenMilliseconds: UInt64?
    public var timeBetweenTokensMilliseconds: UInt64?
    /// An hour: a promise beyond it is none.
    public static var promiseMillisecondsMax: UInt64 { 3_600_000 }
    public var cpuCount: Int = 1
    /// Breaks the kernel on purpose, so that tests can see how it ends; or measures it.
    public var selfTest: SelfTest?

    public enum SelfTest: CaseIterable, Sendable {
        case nullPage, stackOverflow, writeText, executeData, touchStub, outOfMemory, panic, trap, powerOff,
            lawSpeed

        var name: StaticString {
            switch self {
            case .nullPage: "null-page"
            case .stackOverflow: "stack-overflow"
            case .writeText: "write-text"
            case .executeData: "execute-data"
            case .touchStub: "touch-stub"
            case .outOfMemory: "out-of-memory"
            case .panic: "panic"
            case .trap: "trap"
            case .powerOff: "power-off"
            case .lawSpeed: "law-speed"
            }
        }
    }

    public enum ParseError: Error, Equatable, Sendable {
        case unknownKey([UInt8])
        case badValue(key: [UInt8], expected: StaticString)

        public static func == (left: ParseError, right: ParseError) -> Bool { left.message == right.message }

        public var message: String {
            switch self {
            case .unknownKey(let key):
                "command line: unknown key '\(String(decoding: key, as: UTF8.self))'"
            case .badValue(let key, let expected):
                "command line: '\(String(decoding: key, as: UTF8.self))' must be \(expected.description)"
            }
        }
    }

    public init() {}

    public init(commandLine: [UInt8]) throws(ParseError) {
        for word in commandLine.split(separator: UInt8(ascii: " ")) where word.starts(with: "hexa.".utf8) {
            let parts = word.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            try set(Array(parts[0]), to: parts.count > 1 ? Array(parts[1]) : [])
        }
    }

    private mutating func set(_ key: [UInt8], to value: [UInt8]) throws(ParseError) {
        func need<Value>(_ parsed: Value?, _ expected: StaticString) throws(ParseError) -> Value {
            guard let parsed else { throw .badValue(key: key, expected: expected) }
            return parsed
        }
        switch key {
        case Array("hexa.ip".utf8):
            addressing = try need(Self.addressing(value), "'dhcp' or ADDRESS/PREFIX[,GATEWAY]")
        case Array("hexa.port".utf8):
            port = try need(Self.integer(value, in: 1...65_535).map { UInt16($0) }, "a port from 1 to 65535")
        case Array("hexa.log".utf8):
            logLevel = try need(LogLevel(name: value), "error, warn, info or debug")
        case Array("hexa.model".utf8):
            modelDevice = try need(Self.modelDevice(value), "a device from vda to vdz or pmem0 to pmem9")
        case Array("hexa.model-size".utf8):
            modelByteCount = try need(Self.integer(value, in: 1...(1 << 50)), "a size in bytes")
        case Array("hexa.model-name".utf8):
            modelName = try need(value.isEmpty ? nil : value, "a name")
        case Array("hexa.api-key".utf8):
            apiKeys.append(try need(value.isEmpty ? nil : value, "a key"))
        case Array("hexa.law".utf8):
            lawDevice = try need(Self.blockDevice(value), "a block device from vda to vdz")
        case Array("hexa.law-size".utf8):
            lawByteCount = try need(Self.integer(value, in: 1...(1 << 50)), "a size in bytes")
        case Array("hexa.audit-key".utf8):
            auditKey = try need(value.isEmpty ? nil : value, "a key")
        case Array("hexa.epoch".utf8):
            wallClockSeconds = try need(Self.integer(value, in: 0...(1 << 40)), "seconds since 1970")
        case Array("hexa.context".utf8):
            contextLength = try need(Self.integer(value, in: 1...(1 << 24)).map { Int($0) }, "a number of tokens")
        case Array("hexa.sequences".utf8):
            sequenceCount = try need(
                Self.integer(value, in: 1...UInt64(Self.sequenceCountMax)).map { Int($0) },
                "a number from 1 to 1024")
        case Array("hexa.sla-ttft-ms".utf8):
            timeToFirstTokenMilliseconds = try need(Self.promise(value), "milliseconds, 1 to 3600000")
        case Array("hexa.sla-itl-ms".utf8):
            timeBetweenTokensMilliseconds = try need(Self.promise(value), "milliseconds, 1 to 3600000")
        case Array("hexa.cpus".utf8):
            cpuCount = try need(Self.integer(value, in: 1...64).map { Int($0) }, "a number from 1 to 64")
        case Array("hexa.self-test".utf8):
            let test = SelfTest.allCases.first { $0.name.hasBytes(value) }
            selfTest = try need(test, "the name of a self-test (see docs/kernel.md)")
        default:
            throw .unknownKey(key)
        }
    }
}

// MARK: - Values

extension KernelConfiguration {
    static func integer(_ text: [UInt8], in range: ClosedRange<UInt64>) -> UInt64? {
        guard !text.isEmpty else { return nil }
        var value: UInt64 = 0
        for byte in text {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
            let (scaled, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, carry) = scaled.addingReportingOverflow(UInt64(byte - UInt8(ascii: "0")))
            guard !overflow, !carry else { return nil }
            value = sum
        }
        return range.contains(value) ? value : nil
    }

    private static func promise(_ text: [UInt8]) -> UInt64? {
        integer(text, in: 1...promiseMillisecondsMax)
    }

    private static func modelDevice(_ text: [UInt8]) -> ModelDevice? {
        if let index = blockDevice(text) { return .block(index) }
        guard let last = text.last, text.count == 5, text.starts(with: "pmem".utf8),
            (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(last)
        else { return nil }
        return .persistentMemory(Int(last - UInt8(ascii: "0")))
    }

    private static func blockDevice(_ text: [UInt8]) -> Int? {
        guard let last = text.last, text.count == 3, text.starts(with: "vd".utf8),
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(last)
        else { return nil }
        return Int(last - UInt8(ascii: "a"))
    }

    private static func addressing(_ text: [UInt8]) -> Addressing? {
        if text == Array("dhcp".utf8) { return .dhcp }
        let parts = text.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false)
        guard parts.count <= 2 else { return nil }
        let network = parts[0].split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        guard network.count == 2, let address = ipv4Address(Array(network[0])),
            let prefixLength = integer(Array(network[1]), in: 1...30)
        else { return nil }
        var gateway: UInt32?
        if parts.count == 2 {
            gateway = ipv4Address(Array(parts[1]))
            guard gateway != nil else { return nil }
        }
        return .static(address: address, prefixLength: UInt8(prefixLength), gateway: gateway)
    }

    private static func ipv4Address(_ text: [UInt8]) -> UInt32? {
        let parts = text.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var address: UInt32 = 0
        for part in parts {
            guard let octet = integer(Array(part), in: 0...255) else { return nil }
            address = address << 8 | UInt32(octet)
        }
        return address
    }
}
