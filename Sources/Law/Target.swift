/// A thing of the system that an operation can be about, named by its path.
public enum Target: UInt8, CaseIterable, Sendable {
    /// Generating with the model, and reading its card.
    case model
    /// Text to tokens and back.
    case tokenizer
    /// The model's chat template.
    case chatTemplate
    /// Liveness and version.
    case health
    case metrics
    case networkDevice
    case tcpPort
    case blockDevice
    case entropyDevice
    case consoleDevice
    /// Stopping the machine.
    case power

    public var path: StaticString {
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
        }
    }
}
