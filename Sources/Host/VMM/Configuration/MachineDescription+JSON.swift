import JSON

// The configuration file: Firecracker's (`--config-file`), as far as this machine has what it describes, so that one
// file starts the same guest here and there. Ours beyond it are `vsock.forward` and `snapshot`.
extension MachineDescription {
    /// - Parameter json: the whole file.
    public init(json bytes: [UInt8]) throws(ConfigurationProblem) {
        var file = try ConfigurationReader(json: bytes)
        let (start, saving) = try Self.start(&file)
        guard var machine = try file.reader("machine-config") else {
            throw ConfigurationProblem("machine-config", "is missing")
        }
        self.init(
            start: start, processorCount: try machine.integer("vcpu_count", in: 1...VMMLimits.processorCountMax),
            memoryMiB: try machine.integer("mem_size_mib", in: VMMLimits.memoryMiBMin...VMMLimits.memoryMiBMax))
        self.saving = saving
        try Self.checkOptions(&machine)
        for var drive in try file.readers("drives") { diskPaths.append(try Self.drive(&drive)) }
        for var mapping in try file.readers("pmem") { mappedFilePaths.append(try Self.mappedFile(&mapping)) }
        for var interface in try file.readers("network-interfaces") {
            networkInterfaces.append(try NetworkInterface(&interface))
        }
        if var vsock = try file.reader("vsock") { try readVsock(&vsock) }
        if var metrics = try file.reader("metrics") {
            metricsPath = try metrics.string("metrics_path")
            try metrics.finish()
        }
        // There is always one; the object says nothing more.
        if let entropy = try file.reader("entropy") { try entropy.finish() }
        try file.finish()
    }

    /// Of a kernel's image, which may be saved, or of a snapshot.
    private static func start(
        _ file: inout ConfigurationReader
    ) throws(ConfigurationProblem) -> (Start, Saving?) {
        var saving: Saving?
        if var snapshot = try file.reader("snapshot") {
            if snapshot.has("restore_from") {
                let directory = try snapshot.string("restore_from")
                try snapshot.finish()
                return (.snapshot(directory: directory), nil)
            }
            let descriptor = Int32(try snapshot.integer("save_descriptor", in: 0...Int(Int32.max)))
            guard let id = SnapshotID(text: try snapshot.string("id")) else {
                throw snapshot.problem("id", "must be 32 hexadecimal digits")
            }
            saving = Saving(descriptor: descriptor, id: id)
            try snapshot.finish()
        }
        guard var boot = try file.reader("boot-source") else { throw ConfigurationProblem("boot-source", "is missing") }
        let start = Start.kernel(
            path: try boot.string("kernel_image_path"), commandLine: try boot.string("boot_args"))
        try boot.finish()
        return (start, saving)
    }

    /// What Firecracker leaves to choice and is settled here: huge pages are always asked for.
    private static func checkOptions(_ machine: inout ConfigurationReader) throws(ConfigurationProblem) {
        for option in ["smt", "track_dirty_pages"] where try machine.boolean(option, default: false) {
            throw machine.problem(option, "must be false: this machine has nothing of the kind")
        }
        let pages = try machine.string("huge_pages", default: "None")
        guard ["None", "2M"].contains(pages) else { throw machine.problem("huge_pages", "must be None or 2M") }
        try machine.finish()
    }

    private static func drive(_ reader: inout ConfigurationReader) throws(ConfigurationProblem) -> String {
        _ = try reader.string("drive_id")
        _ = try reader.boolean("is_root_device", default: false)
        guard try reader.boolean("is_read_only", default: false) else {
            throw reader.problem("is_read_only", "must be true: disks are only read")
        }
        let path = try reader.string("path_on_host")
        try reader.finish()
        return path
    }

    private static func mappedFile(_ reader: inout ConfigurationReader) throws(ConfigurationProblem) -> String {
        _ = try reader.string("id")
        _ = try reader.boolean("root_device", default: false)
        guard try reader.boolean("read_only", default: false) else {
            throw reader.problem("read_only", "must be true: files are only read")
        }
        let path = try reader.string("path_on_host")
        try reader.finish()
        return path
    }

    private mutating func readVsock(_ reader: inout ConfigurationReader) throws(ConfigurationProblem) {
        vsockContext = UInt64(try reader.integer("guest_cid", in: 3...Int(UInt32.max) - 1))
        vsockSocketPath = try reader.optionalString("uds_path")
        if var forward = try reader.reader("forward") {
            forwarding = Forwarding(
                listenerDescriptor: Int32(try forward.integer("descriptor", in: 0...Int(Int32.max))),
                guestPort: UInt32(try forward.integer("guest_port", in: 1...Int(UInt32.max))))
            try forward.finish()
        }
        try reader.finish()
    }

    /// The configuration file that describes this machine.
    public var json: JSONValue {
        var file: JSONObject = [
            "machine-config": ["vcpu_count": Self.json(processorCount), "mem_size_mib": Self.json(memoryMiB)]
        ]
        switch start {
        case .kernel(let path, let commandLine):
            file.set(
                "boot-source", to: ["kernel_image_path": Self.json(path), "boot_args": Self.json(commandLine)])
        case .snapshot(let directory): file.set("snapshot", to: ["restore_from": Self.json(directory)])
        }
        if let saving {
            file.set(
                "snapshot",
                to: ["save_descriptor": Self.json(Int(saving.descriptor)), "id": Self.json(saving.id.text)])
        }
        file.set(
            "drives",
            to: .array(
                diskPaths.enumerated().map { index, path in
                    [
                        "drive_id": Self.json("drive\(index)"), "path_on_host": Self.json(path),
                        "is_root_device": false,
                        "is_read_only": true,
                    ]
                }))
        // Unknown to Firecracker before 1.14, so that it is only there when it is needed.
        if !mappedFilePaths.isEmpty {
            file.set(
                "pmem",
                to: .array(
                    mappedFilePaths.enumerated().map { index, path in
                        [
                            "id": Self.json("pmem\(index)"), "path_on_host": Self.json(path), "root_device": false,
                            "read_only": true,
                        ]
                    }))
        }
        if !networkInterfaces.isEmpty {
            file.set("network-interfaces", to: .array(networkInterfaces.enumerated().map { $1.json(number: $0) }))
        }
        file.set("entropy", to: [:])
        if let vsockContext {
            var vsock: JSONObject = ["guest_cid": Self.json(Int(vsockContext))]
            if let vsockSocketPath { vsock.set("uds_path", to: Self.json(vsockSocketPath)) }
            if let forwarding {
                vsock.set(
                    "forward",
                    to: [
                        "descriptor": Self.json(Int(forwarding.listenerDescriptor)),
                        "guest_port": Self.json(Int(forwarding.guestPort)),
                    ])
            }
            file.set("vsock", to: .object(vsock))
        }
        if let metricsPath { file.set("metrics", to: ["metrics_path": Self.json(metricsPath)]) }
        return .object(file)
    }

    private static func json(_ text: String) -> JSONValue { .string(JSONString(text)) }
    private static func json(_ number: Int) -> JSONValue { .number(.integer(Int64(number))) }
}
