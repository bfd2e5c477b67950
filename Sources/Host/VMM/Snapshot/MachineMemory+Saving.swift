import Glibc
import HostSystem

extension MachineMemory {
    /// Memory that is looked at, and written, in one piece. Zeros are left out, as holes of the file.
    private static let pieceByteCount = 64 << 10

    /// Writes all of the memory to a file that is as long and empty. The memory must not change meanwhile.
    func save(to descriptor: Int32) throws(VMMError) {
        let bytes = bytes
        var start = 0
        while start < bytes.count {
            var end = start
            while end < bytes.count, !Self.isZero(Self.piece(of: bytes, at: end)) { end += Self.pieceByteCount }
            if end > start { try Self.write(bytes, start..<min(end, bytes.count), to: descriptor) }
            // The piece at `end` is zeros.
            start = end + Self.pieceByteCount
        }
    }

    private static func piece(of bytes: UnsafeRawBufferPointer, at start: Int) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: bytes[start..<min(start + pieceByteCount, bytes.count)])
    }

    /// Of a piece of at least eight bytes: it is zero where it starts, and everywhere like eight bytes before.
    private static func isZero(_ piece: UnsafeRawBufferPointer) -> Bool {
        piece.load(as: UInt64.self) == 0 && memcmp(piece.baseAddress!, piece.baseAddress! + 8, piece.count - 8) == 0
    }

    private static func write(
        _ bytes: UnsafeRawBufferPointer, _ range: Range<Int>, to descriptor: Int32
    ) throws(VMMError) {
        var offset = range.lowerBound
        while offset < range.upperBound {
            let length = pwrite(descriptor, bytes.baseAddress! + offset, range.upperBound - offset, off_t(offset))
            if length > 0 {
                offset += length
            } else if length == 0 || errno != EINTR {
                throw .system(call: "pwrite of the machine's memory", errno: length == 0 ? ENOSPC : errno)
            }
        }
    }
}
