import JSON

// `snapshot.json`: the machine in the words of its configuration file, with a fingerprint of all that at the end.
extension SnapshotManifest {
    static let format = "hexa-os snapshot"
    /// Of this layout, and of what monitor and kernel leave for each other in the memory.
    static let version = 1

    /// - Parameter json: the whole file.
    public init(json bytes: [UInt8]) throws(ConfigurationProblem) {
        var file = try ConfigurationReader(json: bytes)
        guard try file.string("format") == Self.format else { throw file.problem("format", "must be \(Self.format)") }
        let version = try file.integer("version", in: 0...Int(Int32.max))
        guard version == Self.version else {
            throw file.problem("version", "is \(version), and this program reads \(Self.version)")
        }
        guard let id = SnapshotID(text: try file.string("id")) else {
            throw file.problem("id", "must be 32 hexadecimal digits")
        }
        let modelName = try file.string("model")
        guard var machine = try file.reader("machine-config") else {
            throw file.problem("machine-config", "is missing")
        }
        let processorCount = try machine.integer("vcpu_count", in: 1...VMMLimits.processorCountMax)
        let memoryMiB = try machine.integer("mem_size_mib", in: VMMLimits.memoryMiBMin...VMMLimits.memoryMiBMax)
        let processor = try Self.fingerprint(&machine, "processor")
        try machine.finish()
        let disks = try Self.files(&file, "drives")
        let mappedFiles = try Self.files(&file, "pmem")
        var vsockContext: UInt64?
        if var vsock = try file.reader("vsock") {
            vsockContext = UInt64(try vsock.integer("guest_cid", in: 3...Int(UInt32.max) - 1))
            try vsock.finish()
        }
        let fingerprint = try Self.fingerprint(&file, "fingerprint")
        try file.finish()
        self.init(
            id: id, modelName: modelName, processorCount: processorCount, memoryMiB: memoryMiB,
            vsockContext: vsockContext, processor: processor, disks: disks, mappedFiles: mappedFiles)
        guard fingerprint == self.fingerprint else {
            throw file.problem("fingerprint", "is not that of the other fields: the file is damaged")
        }
    }

    private static func fingerprint(
        _ reader: inout ConfigurationReader, _ field: String
    ) throws(ConfigurationProblem) -> Fingerprint {
        guard let fingerprint = Fingerprint(text: try reader.string(field)) else {
            throw reader.problem(field, "must be 16 hexadecimal digits")
        }
        return fingerprint
    }

    private static func files(
        _ reader: inout ConfigurationReader, _ field: String
    ) throws(ConfigurationProblem) -> [File] {
        var files: [File] = []
        for var file in try reader.readers(field) {
            files.append(
                File(
                    path: try file.string("path_on_host"),
                    identity: FileIdentity(
                        byteCount: try file.integer("bytes", in: 1...Int.max),
                        fingerprint: try fingerprint(&file, "fingerprint"))))
            try file.finish()
        }
        return files
    }

    /// The whole file.
    public var json: JSONValue {
        var file = content
        file.set("fingerprint", to: Self.json(fingerprint.text))
        return .object(file)
    }

    private var fingerprint: Fingerprint {
        var fingerprint = Fingerprint()
        fingerprint.combine(JSONValue.object(content).serialized())
        return fingerprint
    }

    private var content: JSONObject {
        var file: JSONObject = [
            "format": Self.json(Self.format), "version": .number(.integer(Int64(Self.version))),
            "id": Self.json(id.text), "model": Self.json(modelName),
            "machine-config": [
                "vcpu_count": .number(.integer(Int64(processorCount))),
                "mem_size_mib": .number(.integer(Int64(memoryMiB))), "processor": Self.json(processor.text),
            ],
            "drives": .array(disks.map(Self.json)), "pmem": .array(mappedFiles.map(Self.json)),
        ]
        if let vsockContext { file.set("vsock", to: ["guest_cid": .number(.integer(Int64(vsockContext)))]) }
        return file
    }

    private static func json(_ file: File) -> JSONValue {
        [
            "path_on_host": json(file.path), "bytes": .number(.integer(Int64(file.identity.byteCount))),
            "fingerprint": json(file.identity.fingerprint.text),
        ]
    }

    private static func json(_ text: String) -> JSONValue { .string(JSONString(text)) }
}
