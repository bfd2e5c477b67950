/// One virtual machine, from its start to its end; never used again for another.
public struct MachineID: Hashable, Comparable, Sendable {
    public let number: UInt64

    public init(_ number: UInt64) { self.number = number }

    public static func < (left: MachineID, right: MachineID) -> Bool { left.number < right.number }
}

/// One client's request, from its arrival to the end of its answer; chosen by the caller, never used twice.
public struct RequestID: Hashable, Sendable {
    public let number: UInt64

    public init(_ number: UInt64) { self.number = number }
}
