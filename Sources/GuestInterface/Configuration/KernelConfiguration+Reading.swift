extension KernelConfiguration {
    /// The keys of the command line.
    package enum Key: CaseIterable, Sendable {
        case addressing, port, logLevel, modelDevice, modelByteCount, modelName, wallClockSeconds, cpuCount
        case contextLength, sequenceCount, timeToFirstToken, timeBetweenTokens
        case lawDevice, lawByteCount, apiKey, auditKey, selfTest

        /// Of all keys that are ours.
        static var prefix: StaticString { "hexa." }

        package var word: StaticString {
            switch self {
            case .addressing: "hexa.ip"
            case .port: "hexa.port"
            case .logLevel: "hexa.log"
            case .modelDevice: "hexa.model"
            case .modelByteCount: "hexa.model-size"
            case .modelName: "hexa.model-name"
            case .wallClockSeconds: "hexa.epoch"
            case .cpuCount: "hexa.cpus"
            case .contextLength: "hexa.context"
            case .sequenceCount: "hexa.sequences"
            case .timeToFirstToken: "hexa.sla-ttft-ms"
            case .timeBetweenTokens: "hexa.sla-itl-ms"
            case .lawDevice: "hexa.law"
            case .lawByteCount: "hexa.law-size"
            case .apiKey: "hexa.api-key"
            case .auditKey: "hexa.audit-key"
            case .selfTest: "hexa.self-test"
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

    /// Reads `key=value` words. Words without our prefix belong to others (the virtio transport's
    /// `virtio_mmio.device=`, a VMM's own) and are left alone.
    public init(commandLine: [UInt8]) throws(ParseError) {
        self.init()
        let prefix = Key.prefix
        for word in commandLine.split(separator: UInt8(ascii: " "))
        where prefix.hasBytes(Array(word.prefix(prefix.utf8CodeUnitCount))) {
            let parts = word.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            guard let key = Key.allCases.first(where: { $0.word.hasBytes(Array(parts[0])) }) else {
                throw .unknownKey(Array(parts[0]))
            }
            try set(key, to: parts.count > 1 ? Array(parts[1]) : [])
        }
    }

    mutating func set(_ key: Key, to value: [UInt8]) throws(ParseError) {
        func need<Value>(_ parsed: Value?, _ expected: StaticString) throws(ParseError) -> Value {
            guard let parsed else { throw .badValue(key: Array("\(key.word)".utf8), expected: expected) }
            return parsed
        }
        switch key {
        case .addressing:
            addressing = try need(Addressing(text: value), "'dhcp' or ADDRESS/PREFIX[,GATEWAY]")
        case .port:
            port = try need(Self.integer(value, in: 1...65_535).map { UInt16($0) }, "a port from 1 to 65535")
        case .logLevel:
            logLevel = try need(LogLevel(name: value), "error, warn, info or debug")
        case .modelDevice:
            modelDevice = try need(ModelDevice(text: value), "a device from vda to vdz or pmem0 to pmem9")
        case .modelByteCount:
            modelByteCount = try need(Self.integer(value, in: 1...(1 << 50)), "a size in bytes")
        case .modelName:
            modelName = try need(value.isEmpty ? nil : value, "a name")
        case .apiKey:
            apiKeys.append(try need(value.isEmpty ? nil : value, "a key"))
        case .lawDevice:
            lawDevice = try need(ModelDevice.blockIndex(value), "a block device from vda to vdz")
        case .lawByteCount:
            lawByteCount = try need(Self.integer(value, in: 1...(1 << 50)), "a size in bytes")
        case .auditKey:
            auditKey = try need(value.isEmpty ? nil : value, "a key")
        case .wallClockSeconds:
            wallClockSeconds = try need(Self.integer(value, in: 0...(1 << 40)), "seconds since 1970")
        case .contextLength:
            contextLength = try need(Self.integer(value, in: 1...(1 << 24)).map { Int($0) }, "a number of tokens")
        case .sequenceCount:
            sequenceCount = try need(
                Self.integer(value, in: 1...UInt64(Self.sequenceCountMax)).map { Int($0) },
                "a number from 1 to 1024")
        case .timeToFirstToken:
            timeToFirstTokenMilliseconds = try need(Self.promise(value), "milliseconds, 1 to 3600000")
        case .timeBetweenTokens:
            timeBetweenTokensMilliseconds = try need(Self.promise(value), "milliseconds, 1 to 3600000")
        case .cpuCount:
            cpuCount = try need(Self.integer(value, in: 1...64).map { Int($0) }, "a number from 1 to 64")
        case .selfTest:
            let test = SelfTest.allCases.first { $0.name.hasBytes(value) }
            selfTest = try need(test, "the name of a self-test (see docs/kernel.md)")
        }
    }

    static func integer(_ text: [UInt8], in range: ClosedRange<UInt64>) -> UInt64? {
        UInt64(decimal: text).flatMap { range.contains($0) ? $0 : nil }
    }

    private static func promise(_ text: [UInt8]) -> UInt64? { integer(text, in: 1...promiseMillisecondsMax) }
}
