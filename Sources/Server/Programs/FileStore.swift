import HexaVM
import Law

/// Files in memory, by path; gone with the machine. Each step takes the law's permit for its path.
public struct FileStore: Sendable {
    private var files: [[UInt8]: [UInt8]] = [:]
    /// Bytes of all files together.
    public private(set) var byteCount = 0

    public init() {}

    mutating func read(_ permit: consuming Permit<Read, FilePath>) throws(KernelError) -> [UInt8] {
        guard let bytes = files[permit.target.path.bytes] else {
            throw KernelError(.io, "there is no file \(permit.target.path.text)")
        }
        return bytes
    }

    func exists(_ permit: consuming Permit<Read, FilePath>) -> Bool { files[permit.target.path.bytes] != nil }

    mutating func write(_ permit: consuming Permit<Write, FilePath>, _ bytes: [UInt8]) throws(KernelError) {
        try replace(permit.target.path, with: bytes)
    }

    mutating func append(_ permit: consuming Permit<Append, FilePath>, _ bytes: [UInt8]) throws(KernelError) {
        try replace(permit.target.path, with: (files[permit.target.path.bytes] ?? []) + bytes)
    }

    /// The paths below one, sorted.
    func list(_ permit: consuming Permit<Read, FilePath>) -> [[UInt8]] {
        let prefix = permit.target.path.bytes + [UInt8(ascii: "/")]
        return files.keys.filter { $0.starts(with: prefix) }.sorted { $0.lexicographicallyPrecedes($1) }
    }

    private mutating func replace(_ path: TargetPath, with bytes: [UInt8]) throws(KernelError) {
        let old = files[path.bytes]
        guard old != nil || files.count < Limits.filesMax else {
            throw KernelError(.io, "there are \(Limits.filesMax) files already")
        }
        let total = byteCount - (old?.count ?? 0) + bytes.count
        guard total <= Limits.fileBytesMax else {
            throw KernelError(.io, "the files would exceed \(Limits.fileBytesMax) bytes")
        }
        byteCount = total
        files[path.bytes] = bytes
    }
}
