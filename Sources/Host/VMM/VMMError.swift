import HostSystem

/// Why a virtual machine could not be made or run. Each case is one line for a person.
public enum VMMError: Error, Equatable {
    /// An ioctl of KVM failed; `call` is its name in `linux/kvm.h`.
    case kvm(call: StaticText, errno: Int32)
    /// Another system call failed.
    case system(call: StaticText, errno: Int32)
    /// KVM speaks another version of its interface than the only one there has ever been.
    case apiVersion(Int32)
    /// KVM lacks an ability the machine is built on.
    case abilityMissing(StaticText)
    case fileUnreadable(path: String, errno: Int32)
    case fileUnwritable(path: String, errno: Int32)
    /// No Unix socket can be made at the path.
    case socketUnusable(path: String, errno: Int32)
    /// No tap interface of this name can be opened.
    case interfaceUnusable(name: String, errno: Int32)
    case image(ELFImage.Problem)
    /// A snapshot's files do not belong together, or not to this machine; `path` is the one that says so.
    case snapshot(path: String, reason: String)
    /// A size or a count in the configuration is outside of what the machine can have.
    case configuration(field: StaticText, reason: String)
}

extension VMMError {
    init(_ failure: HostThread.Failure) {
        self = .system(call: "pthread_create", errno: failure.errorNumber)
    }
}

/// A constant text in an error. `StaticString` itself cannot be compared.
public struct StaticText: Equatable, Sendable, ExpressibleByStringLiteral, CustomStringConvertible {
    public let description: String

    public init(stringLiteral value: StaticString) { description = value.description }
}

extension VMMError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .kvm(let call, let errno): "KVM: \(call) failed: \(errorText(errno))"
        case .system(let call, let errno): "\(call) failed: \(errorText(errno))"
        case .apiVersion(let version): "KVM: interface version \(version) instead of 12"
        case .abilityMissing(let ability): "KVM: this host's KVM has no \(ability)"
        case .fileUnreadable(let path, let errno): "cannot read \(path): \(errorText(errno))"
        case .fileUnwritable(let path, let errno): "cannot write \(path): \(errorText(errno))"
        case .socketUnusable(let path, let errno): "cannot listen on \(path): \(errorText(errno))"
        case .interfaceUnusable(let name, let errno):
            "cannot use the tap interface \(name): \(errorText(errno)); 'ip tuntap add \(name) mode tap' makes one"
        case .image(let problem): "kernel image: \(problem)"
        case .snapshot(let path, let reason): "\(path): \(reason)"
        case .configuration(let field, let reason): "\(field): \(reason)"
        }
    }
}
