/// What the host tells the kernel at the boot, and all that it can: written to the command line by `encode`, read from
/// it by `init(commandLine:)`.
public struct KernelConfiguration: Equatable, Sendable {
    public enum Addressing: Equatable, Sendable {
        case dhcp
        case `static`(address: UInt32, prefixLength: UInt8, gateway: UInt32?)
    }

    /// Of a network device, where there is one.
    public var addressing: Addressing = .dhcp
    public var port: UInt16 = ServerAddress.port
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
    /// Signs the heads of the growth bus; empty for none.
    public var auditKey: [UInt8] = []
    /// Seconds since 1970 when the machine was started, for `created` fields; zero when unknown.
    public var wallClockSeconds: UInt64 = 0
    /// Tokens a sequence may hold; the model's own context when absent.
    public var contextLength: Int?
    /// Requests served at once; more wait.
    public var sequenceCount: Int = Self.sequenceCountDefault
    public static var sequenceCountDefault: Int { 8 }
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

    /// Bytes of the command line, its closing zero included: a page, and twice Linux's COMMAND_LINE_SIZE on x86.
    package static var commandLineByteCountMax: Int { 4_096 }

    public init() {}
}
