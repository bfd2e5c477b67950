/// A thing of the system that an operation can be about.
///
/// The kernel's own things are known when it is built, and a check of them is a look into a table. Programs and files
/// come and go: `Law.target(of:)` gives a path its number once, and checks use the number.
public struct Target: Hashable, Sendable {
    let index: UInt32

    init(index: Int) { self.index = UInt32(truncatingIfNeeded: index) }

    private init(_ known: Known) { index = UInt32(known.rawValue) }

    /// Generating with the model, and reading its card.
    public static var model: Target { Target(.model) }
    /// Text to tokens and back.
    public static var tokenizer: Target { Target(.tokenizer) }
    /// The model's chat template.
    public static var chatTemplate: Target { Target(.chatTemplate) }
    /// Liveness and version.
    public static var health: Target { Target(.health) }
    public static var metrics: Target { Target(.metrics) }
    public static var networkDevice: Target { Target(.networkDevice) }
    public static var tcpPort: Target { Target(.tcpPort) }
    public static var blockDevice: Target { Target(.blockDevice) }
    public static var entropyDevice: Target { Target(.entropyDevice) }
    public static var consoleDevice: Target { Target(.consoleDevice) }
    /// Stopping the machine.
    public static var power: Target { Target(.power) }
    /// The law itself: reading it, and replacing it.
    public static var law: Target { Target(.law) }
    /// The records of the growth bus.
    public static var growth: Target { Target(.growth) }
    /// The list of programs.
    public static var programs: Target { Target(.programs) }
    /// Lines of programs in the kernel's log.
    public static var log: Target { Target(.log) }
    /// The time of day.
    public static var clock: Target { Target(.clock) }
    /// The request that a program runs for: reading it, and writing its answer.
    public static var request: Target { Target(.request) }
    /// Token sequences that a program opens for itself, and what the model has computed for them.
    public static var caches: Target { Target(.caches) }
    /// What other systems keep in environment variables.
    public static var environment: Target { Target(.environment) }
    /// Commands of a shell; there is none, and never will be.
    public static var shell: Target { Target(.shell) }

    /// The kernel's own things.
    public static var known: [Target] { Known.allCases.map { Target($0) } }

    static var knownCount: Int { Known.allCases.count }

    /// The path of a thing of the kernel's; nil for others, whose paths the law knows.
    public var knownPath: StaticString? { Known(rawValue: UInt8(clamping: index))?.path }

    private enum Known: UInt8, CaseIterable {
        case model, tokenizer, chatTemplate, health, metrics
        case networkDevice, tcpPort, blockDevice, entropyDevice, consoleDevice
        case power, law, growth, programs, log, clock, request, caches, environment, shell

        var path: StaticString {
            switch self {
            case .model: "/model/default"
            case .tokenizer: "/model/default/tokenizer"
            case .chatTemplate: "/model/default/template"
            case .health: "/system/health"
            case .metrics: "/system/metrics"
            case .networkDevice: "/device/net"
            case .tcpPort: "/net/tcp/http"
            case .blockDevice: "/device/blk"
            case .entropyDevice: "/device/rng"
            case .consoleDevice: "/device/console"
            case .power: "/system/power"
            case .law: "/law"
            case .growth: "/law/growth"
            case .programs: "/program"
            case .log: "/system/log"
            case .clock: "/system/clock"
            case .request: "/request"
            case .caches: "/kv"
            case .environment: "/system/environment"
            case .shell: "/system/shell"
            }
        }
    }
}
