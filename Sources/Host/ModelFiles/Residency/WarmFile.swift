import Glibc
import HostErrors
import HostFiles
import HostSystem

/// A file brought into the host's page cache, in the largest pages that the host has for it: what a cold start of the
/// hexa VMM finds there costs it one fault for 2 MiB, or up to 512 (`docs/vmm.md`).
public struct WarmFile: Sendable {
    public let byteCount: Int
    /// How much of it a mapping has in pages of 2 MiB.
    public let largePageByteCount: Int
    /// Whether it was all there in large pages, so that nothing was read.
    public let wasWarm: Bool

    /// Read between two reports of progress.
    private static let stepByteCount = 64 << 20
    private static let hint = "pass the path of a model file"

    /// - Parameters:
    ///   - path: a regular file that can be read.
    ///   - progress: told the share done, `0...1`; false stops the work.
    public init(path: String, progress: (Double) -> Bool) throws(ResidencyError) {
        let resolved = try failing(as: ResidencyError.file) { () throws(FileError) in
            try ReadableFile.path(path, hint: Self.hint)
        }
        let file = FileDescriptor(owning: open(resolved, O_RDONLY | O_CLOEXEC))
        guard let byteCount = file.byteCount, byteCount > 0 else {
            throw .file(.unreadable(path: path, reason: "it is empty or no regular file", hint: Self.hint))
        }
        self.byteCount = byteCount
        if let present = Self.largePagesPresent(in: file, byteCount), present >= Self.wholePages(byteCount) {
            (largePageByteCount, wasWarm) = (present, true)
            return
        }
        // What is read again was in memory before, or takes the place of what was.
        if let availableMiB = HostMemory.availableMiB(), availableMiB < byteCount >> 20 {
            throw .pageCacheTooSmall(path: path, neededMiB: byteCount >> 20, availableMiB: availableMiB)
        }
        // Small pages stay small until they leave; dirty ones do not leave.
        fdatasync(file.number)
        posix_fadvise(file.number, 0, 0, Int32(POSIX_FADV_DONTNEED))
        largePageByteCount = try Self.read(file, byteCount, path: path, progress: progress)
        wasWarm = false
    }

    /// Reads the whole file into memory; how much of it a mapping then has in large pages.
    private static func read(
        _ file: borrowing FileDescriptor, _ byteCount: Int, path: String, progress: (Double) -> Bool
    ) throws(ResidencyError) -> Int {
        var isInterrupted = false
        let largePageByteCount: Int
        do throws(FileError) {
            let mapping = try FileMapping(file, byteCount: byteCount, path: path)
            for start in stride(from: 0, to: byteCount, by: stepByteCount) where !isInterrupted {
                try mapping.read(start..<min(start + stepByteCount, byteCount), path: path)
                isInterrupted = !progress(Double(start) / Double(byteCount))
            }
            largePageByteCount = mapping.largePageByteCount ?? 0
        } catch {
            throw .file(error)
        }
        guard !isInterrupted else { throw .interrupted }
        return largePageByteCount
    }

    /// The bytes that large pages can hold: a last part of one is in small ones.
    private static func wholePages(_ byteCount: Int) -> Int {
        byteCount / FileMapping.largePageByteCount * FileMapping.largePageByteCount
    }

    /// How much of a file that is in the page cache as a whole is there in large pages; nil when a part is missing.
    private static func largePagesPresent(in file: borrowing FileDescriptor, _ byteCount: Int) -> Int? {
        guard let mapping = try? FileMapping(file, byteCount: byteCount, path: ""), mapping.isResident
        else { return nil }
        try? mapping.read(0..<byteCount, path: "")
        return mapping.largePageByteCount
    }
}

extension FileMapping {
    private static var populateForReading: Int32 { 22 }  // MADV_POPULATE_READ, Linux 5.14
    /// For calls that take an address to write to, and do not write.
    private var base: UnsafeMutableRawPointer { UnsafeMutableRawPointer(mutating: bytes.baseAddress!) }

    /// Whether each small page of the file is in memory.
    fileprivate var isResident: Bool {
        let pageCount = (bytes.count + 4_095) / 4_096
        return withUnsafeTemporaryAllocation(of: UInt8.self, capacity: pageCount) { pages in
            mincore(base, bytes.count, pages.baseAddress!) == 0 && pages.allSatisfy { $0 & 1 == 1 }
        }
    }

    /// Brings a range into memory and maps it.
    fileprivate func read(_ range: Range<Int>, path: String) throws(FileError) {
        while madvise(base + range.lowerBound, range.count, Self.populateForReading) != 0 {
            guard errno == EINTR || errno == EAGAIN else { throw Self.failure(path: path) }
        }
    }

    /// How much of the mapping is in large pages; nil where the kernel does not tell.
    fileprivate var largePageByteCount: Int? {
        let maps = FileDescriptor(owning: open("/proc/self/smaps", O_RDONLY | O_CLOEXEC)).readAll()
        return MappingReport(startingAt: UInt(bitPattern: base), in: String(decoding: maps, as: UTF8.self))?
            .kibibytes(of: "FilePmdMapped").map { $0 << 10 }
    }
}
