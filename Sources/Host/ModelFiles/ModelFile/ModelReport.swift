import JSON
import ModelFormats
import Tensor

/// What `hexa-os info` tells of a model file.
public struct ModelReport: Sendable {
    public struct TypeCount: Equatable, Sendable {
        public let name: String
        public let tensorCount: Int
        public let byteCount: Int
    }

    public let path: String
    public let fileByteCount: Int
    public let format: ModelContainer.Format
    public let formatVersion: Int
    public let architecture: String
    public let name: String?
    public let parameterCount: Int
    public let tensorCount: Int
    /// The largest share first.
    public let tensorTypes: [TypeCount]
    public let contextLength: Int?
    /// `tokenizer.ggml.model` and, where the file has one, its pre-tokenizer.
    public let tokenizer: String?
    public let preTokenizer: String?
    public let vocabularySize: Int?
    public let hasChatTemplate: Bool
    /// Nil when the model cannot run.
    public let memory: MemoryEstimate?
    /// Why it cannot run; nil when it can.
    public let obstacle: String?

    /// What `--verify` found out; nil when it was not asked for.
    public let verification: ModelFile.Verification?

    public init(_ file: ModelFile, verification: ModelFile.Verification? = nil) {
        let header = file.container
        path = file.path
        fileByteCount = file.byteCount
        format = header.format
        formatVersion = Int(header.version)
        self.verification = verification
        let architectureName = header["general.architecture"]?.string ?? "unknown"
        architecture = architectureName
        name = header["general.name"]?.string
        parameterCount = header.tensors.reduce(0) { $0 + $1.elementCount }
        tensorCount = header.tensors.count
        tensorTypes = Self.countTypes(header)
        contextLength = header[architectureName + ".context_length"]?.integer
        tokenizer = header["tokenizer.ggml.model"]?.string
        preTokenizer = header["tokenizer.ggml.pre"]?.string
        vocabularySize = header["tokenizer.ggml.tokens"]?.array?.count
        hasChatTemplate = header["tokenizer.chat_template"]?.string != nil
        do throws(ModelFileError) {
            memory = MemoryEstimate(try file.check(.full), fileByteCount: file.byteCount)
            obstacle = nil
        } catch {
            memory = nil
            obstacle = if case .invalid(_, let reason) = error { reason } else { error.description }
        }
    }

    private static func countTypes(_ header: ModelContainer) -> [TypeCount] {
        TensorType.allCases.compactMap { type in
            let tensors = header.tensors.filter { $0.type == type }
            guard !tensors.isEmpty else { return nil }
            return TypeCount(
                name: type.displayName, tensorCount: tensors.count,
                byteCount: tensors.reduce(0) { $0 + $1.byteCount })
        }.sorted { $0.byteCount > $1.byteCount }
    }
}

extension ModelContainer.Format {
    var displayName: String {
        switch self {
        case .gguf: "GGUF"
        case .hxm: "HXM"
        }
    }
}

extension ModelFile.Verification {
    var text: String {
        switch self {
        case .passed: "all tensors are as they were packed"
        case .impossible: "GGUF files have none"
        }
    }
}

extension TensorType {
    /// GGML's spelling: upper case but for the `K` family's underscore.
    var displayName: String { "\(self)".uppercased() }
}

extension ModelReport {
    /// For a person.
    public var text: String {
        var lines = ["\(path)  (\(format.displayName) version \(formatVersion), \(Self.size(fileByteCount)))"]
        func add(_ label: String, _ value: String) {
            lines.append("  " + label + String(repeating: " ", count: max(1, 14 - label.count)) + value)
        }
        if let name { add("name", name) }
        add("architecture", architecture)
        add("parameters", Self.millions(parameterCount) + " in \(tensorCount) tensors")
        for type in tensorTypes { add("  " + type.name, "\(type.tensorCount) tensors, \(Self.size(type.byteCount))") }
        if let contextLength { add("context", "\(contextLength) tokens") }
        let kind = [tokenizer, preTokenizer].compactMap { $0 }.joined(separator: ", ")
        add("tokenizer", kind.isEmpty ? "none" : "\(kind), \(vocabularySize ?? 0) tokens")
        add("chat template", hasChatTemplate ? "yes" : "no")
        if let verification { add("checksums", verification.text) }
        if let memory { add("memory", "\(memory.mebibyteCount) MiB (\(memory.summary))") }
        add("can run", obstacle.map { "no: " + $0 } ?? "yes")
        return lines.joined(separator: "\n")
    }

    /// For a program: one object, absent facts as null.
    public var json: JSONValue {
        func text(_ value: String?) -> JSONValue { value.map { .string(JSONString($0)) } ?? .null }
        func number(_ value: Int?) -> JSONValue { value.map { .number(.integer(Int64($0))) } ?? .null }
        let types = tensorTypes.map { type -> JSONValue in
            ["type": text(type.name), "tensors": number(type.tensorCount), "bytes": number(type.byteCount)]
        }
        return [
            "path": text(path),
            "file_bytes": number(fileByteCount),
            "format": text(format.displayName.lowercased()),
            "format_version": number(formatVersion),
            "verified": verification == .passed ? .bool(true) : .null,
            "architecture": text(architecture),
            "name": text(name),
            "parameters": number(parameterCount),
            "tensors": number(tensorCount),
            "tensor_types": .array(types),
            "context_length": number(contextLength),
            "tokenizer": text(tokenizer),
            "pre_tokenizer": text(preTokenizer),
            "vocabulary_size": number(vocabularySize),
            "has_chat_template": .bool(hasChatTemplate),
            "memory_mib": number(memory?.mebibyteCount),
            "kv_cache_bytes": number(memory?.keyValueCache),
            "can_run": .bool(obstacle == nil),
            "obstacle": text(obstacle),
        ]
    }

    /// `93.8 MiB`, `3.6 GiB`.
    public static func size(_ byteCount: Int) -> String {
        let units = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)]
        for (unit, scale) in units where byteCount >= scale { return "\(tenths(byteCount, per: scale)) \(unit)" }
        return "\(byteCount) bytes"
    }

    /// `134.5 million`, `6.7 billion`.
    static func millions(_ count: Int) -> String {
        count >= 1_000_000_000
            ? tenths(count, per: 1_000_000_000) + " billion"
            : tenths(count, per: 1_000_000) + " million"
    }

    private static func tenths(_ value: Int, per scale: Int) -> String {
        let (whole, rest) = value.quotientAndRemainder(dividingBy: scale)
        return "\(whole).\(rest * 10 / scale)"
    }
}

extension MemoryEstimate {
    var summary: String {
        "weights \(ModelReport.size(weights)), KV cache \(ModelReport.size(keyValueCache)), "
            + "scratch \(ModelReport.size(scratch)), system \(ModelReport.size(system))"
    }
}
