/// A thing of the kernel's own as a type of no size; `Target` says of each what it is.
public protocol KnownTarget: PermitTarget {
    static var target: Target { get }
}

extension KnownTarget {
    @inlinable public var key: TargetKey { .number(Self.target) }
}

public struct ModelTarget: KnownTarget { public static var target: Target { .model } }
public struct TokenizerTarget: KnownTarget { public static var target: Target { .tokenizer } }
public struct ChatTemplateTarget: KnownTarget { public static var target: Target { .chatTemplate } }
public struct HealthTarget: KnownTarget { public static var target: Target { .health } }
public struct MetricsTarget: KnownTarget { public static var target: Target { .metrics } }
public struct NetworkDeviceTarget: KnownTarget { public static var target: Target { .networkDevice } }
public struct TCPPortTarget: KnownTarget { public static var target: Target { .tcpPort } }
public struct BlockDeviceTarget: KnownTarget { public static var target: Target { .blockDevice } }
public struct EntropyDeviceTarget: KnownTarget { public static var target: Target { .entropyDevice } }
public struct ConsoleDeviceTarget: KnownTarget { public static var target: Target { .consoleDevice } }
public struct PowerTarget: KnownTarget { public static var target: Target { .power } }
public struct LawTarget: KnownTarget { public static var target: Target { .law } }
public struct GrowthTarget: KnownTarget { public static var target: Target { .growth } }
public struct ProgramsTarget: KnownTarget { public static var target: Target { .programs } }
public struct LogTarget: KnownTarget { public static var target: Target { .log } }
public struct ClockTarget: KnownTarget { public static var target: Target { .clock } }
public struct RequestTarget: KnownTarget { public static var target: Target { .request } }
public struct CachesTarget: KnownTarget { public static var target: Target { .caches } }
public struct EnvironmentTarget: KnownTarget { public static var target: Target { .environment } }
public struct ShellTarget: KnownTarget { public static var target: Target { .shell } }

// `law.check(capability, Infer.self, on: .model, now: now)`

extension PermitTarget where Self == ModelTarget { public static var model: Self { ModelTarget() } }
extension PermitTarget where Self == TokenizerTarget { public static var tokenizer: Self { TokenizerTarget() } }
extension PermitTarget where Self == ChatTemplateTarget {
    public static var chatTemplate: Self { ChatTemplateTarget() }
}
extension PermitTarget where Self == HealthTarget { public static var health: Self { HealthTarget() } }
extension PermitTarget where Self == MetricsTarget { public static var metrics: Self { MetricsTarget() } }
extension PermitTarget where Self == NetworkDeviceTarget {
    public static var networkDevice: Self { NetworkDeviceTarget() }
}
extension PermitTarget where Self == TCPPortTarget { public static var tcpPort: Self { TCPPortTarget() } }
extension PermitTarget where Self == BlockDeviceTarget { public static var blockDevice: Self { BlockDeviceTarget() } }
extension PermitTarget where Self == EntropyDeviceTarget {
    public static var entropyDevice: Self { EntropyDeviceTarget() }
}
extension PermitTarget where Self == ConsoleDeviceTarget {
    public static var consoleDevice: Self { ConsoleDeviceTarget() }
}
extension PermitTarget where Self == PowerTarget { public static var power: Self { PowerTarget() } }
extension PermitTarget where Self == LawTarget { public static var law: Self { LawTarget() } }
extension PermitTarget where Self == GrowthTarget { public static var growth: Self { GrowthTarget() } }
extension PermitTarget where Self == ProgramsTarget { public static var programs: Self { ProgramsTarget() } }
extension PermitTarget where Self == LogTarget { public static var log: Self { LogTarget() } }
extension PermitTarget where Self == ClockTarget { public static var clock: Self { ClockTarget() } }
extension PermitTarget where Self == RequestTarget { public static var request: Self { RequestTarget() } }
extension PermitTarget where Self == CachesTarget { public static var caches: Self { CachesTarget() } }
extension PermitTarget where Self == EnvironmentTarget { public static var environment: Self { EnvironmentTarget() } }
extension PermitTarget where Self == ShellTarget { public static var shell: Self { ShellTarget() } }
