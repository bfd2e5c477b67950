import JSON

/// What the machine's processors asked of the host, all together, as one line of Firecracker's metrics has it: `vcpu`
/// with the accesses that the monitor carried out. `kvm` is ours: what KVM counted, exits that it handled by itself
/// included, by the names that Linux gives the counters.
struct MachineMetrics {
    var accesses = AccessCounts()
    var kvm: [String: UInt64] = [:]

    /// Accesses of a processor that no device model in KVM takes.
    struct AccessCounts {
        var portReads = 0
        var portWrites = 0
        var memoryReads = 0
        var memoryWrites = 0

        static func += (total: inout Self, other: Self) {
            total.portReads += other.portReads
            total.portWrites += other.portWrites
            total.memoryReads += other.memoryReads
            total.memoryWrites += other.memoryWrites
        }
    }

    var json: JSONValue {
        var counters = JSONObject()
        for (name, value) in kvm.sorted(by: { $0.key < $1.key }) {
            counters.set(name, to: .number(.integer(Int64(clamping: value))))
        }
        return [
            "vcpu": [
                "exit_io_in": Self.json(accesses.portReads), "exit_io_out": Self.json(accesses.portWrites),
                "exit_mmio_read": Self.json(accesses.memoryReads), "exit_mmio_write": Self.json(accesses.memoryWrites),
            ],
            "kvm": .object(counters),
        ]
    }

    private static func json(_ number: Int) -> JSONValue { .number(.integer(Int64(number))) }
}
