/// The timestamps option (RFC 7323, section 3).
struct TCPTimestamps: Equatable, Sendable {
    /// TSval: the sender's clock.
    var value: UInt32
    /// TSecr: the peer's clock as last seen.
    var echo: UInt32
}

/// A half-open range of sequence numbers that arrived out of order (RFC 2018).
struct SequenceRange: Equatable, Sendable {
    var start: SequenceNumber
    var end: SequenceNumber
    var count: Int { end - start }
}

/// Up to four SACK blocks: more do not fit the option space.
struct SACKBlocks: Equatable, Sendable {
    static var capacity: Int { 4 }
    private(set) var count = 0
    private var blocks = InlineArray<4, SequenceRange>(repeating: SequenceRange(start: .init(0), end: .init(0)))

    subscript(index: Int) -> SequenceRange { blocks[index] }

    /// Ignored when all four places are taken.
    mutating func append(_ block: SequenceRange) {
        guard count < Self.capacity else { return }
        blocks[count] = block
        count += 1
    }

    static func == (left: SACKBlocks, right: SACKBlocks) -> Bool {
        guard left.count == right.count else { return false }
        for index in 0..<left.count where left[index] != right[index] { return false }
        return true
    }
}

/// The TCP options this stack sends and understands; others are skipped.
struct TCPOptions: Equatable, Sendable {
    /// The longest option list a header can carry.
    static var byteCountMax: Int { 40 }
    /// The largest shift a peer may ask for (RFC 7323, section 2.3).
    static var windowShiftMax: UInt8 { 14 }

    enum Kind {
        static var endOfList: UInt8 { 0 }
        static var noOperation: UInt8 { 1 }
        static var maximumSegmentSize: UInt8 { 2 }
        static var windowScale: UInt8 { 3 }
        static var sackPermitted: UInt8 { 4 }
        static var sack: UInt8 { 5 }
        static var timestamps: UInt8 { 8 }
    }

    /// Only in segments with SYN.
    var maximumSegmentSize: UInt16?
    /// Only in segments with SYN.
    var windowShift: UInt8?
    /// Only in segments with SYN.
    var isSACKPermitted = false
    var timestamps: TCPTimestamps?
    var sackBlocks = SACKBlocks()

    /// Padded to a multiple of four.
    var byteCount: Int {
        var count = 0
        if maximumSegmentSize != nil { count += 4 }
        if windowShift != nil { count += 4 }
        if isSACKPermitted { count += 4 }
        if timestamps != nil { count += 12 }
        if sackBlocks.count > 0 { count += 4 + sackBlocks.count * 8 }
        return count
    }
}

extension TCPOptions {
    /// Reads an option list. A malformed option ends the list: what came before it stands.
    init(parsing bytes: RawSpan) {
        var offset = 0
        while offset < bytes.byteCount {
            let kind = bytes.byte(at: offset)
            if kind == Kind.endOfList { return }
            if kind == Kind.noOperation { offset += 1; continue }
            guard offset + 1 < bytes.byteCount else { return }
            let length = Int(bytes.byte(at: offset + 1))
            guard length >= 2, offset + length <= bytes.byteCount else { return }
            parse(kind: kind, body: bytes.extracting(offset + 2..<offset + length))
            offset += length
        }
    }

    private mutating func parse(kind: UInt8, body: RawSpan) {
        switch (kind, body.byteCount) {
        case (Kind.maximumSegmentSize, 2):
            maximumSegmentSize = body.bigEndian16(at: 0)
        case (Kind.windowScale, 1):
            windowShift = min(body.byte(at: 0), Self.windowShiftMax)
        case (Kind.sackPermitted, 0):
            isSACKPermitted = true
        case (Kind.timestamps, 8):
            timestamps = TCPTimestamps(value: body.bigEndian32(at: 0), echo: body.bigEndian32(at: 4))
        case (Kind.sack, let count) where count % 8 == 0:
            for offset in stride(from: 0, to: count, by: 8) {
                sackBlocks.append(
                    SequenceRange(
                        start: SequenceNumber(body.bigEndian32(at: offset)),
                        end: SequenceNumber(body.bigEndian32(at: offset + 4))))
            }
        default:
            break
        }
    }

    /// Writes exactly `byteCount` bytes at `offset`; each option is aligned to four bytes with leading NOPs.
    func emit(into buffer: inout MutableRawSpan, at offset: Int) {
        var cursor = offset
        if let maximumSegmentSize {
            buffer.storeBigEndian(UInt16(Kind.maximumSegmentSize) << 8 | 4, at: cursor)
            buffer.storeBigEndian(maximumSegmentSize, at: cursor + 2)
            cursor += 4
        }
        if let windowShift {
            buffer.storeBigEndian(UInt16(Kind.noOperation) << 8 | UInt16(Kind.windowScale), at: cursor)
            buffer.storeBigEndian(UInt16(3) << 8 | UInt16(windowShift), at: cursor + 2)
            cursor += 4
        }
        if isSACKPermitted {
            storePair(kind: Kind.sackPermitted, length: 2, into: &buffer, at: cursor)
            cursor += 4
        }
        if let timestamps {
            storePair(kind: Kind.timestamps, length: 10, into: &buffer, at: cursor)
            buffer.storeBigEndian(timestamps.value, at: cursor + 4)
            buffer.storeBigEndian(timestamps.echo, at: cursor + 8)
            cursor += 12
        }
        guard sackBlocks.count > 0 else { return }
        storePair(kind: Kind.sack, length: 2 + sackBlocks.count * 8, into: &buffer, at: cursor)
        for index in 0..<sackBlocks.count {
            buffer.storeBigEndian(sackBlocks[index].start.value, at: cursor + 4 + index * 8)
            buffer.storeBigEndian(sackBlocks[index].end.value, at: cursor + 8 + index * 8)
        }
    }

    /// Two NOPs, then kind and length.
    private func storePair(kind: UInt8, length: Int, into buffer: inout MutableRawSpan, at offset: Int) {
        buffer.storeBigEndian(UInt16(Kind.noOperation) << 8 | UInt16(Kind.noOperation), at: offset)
        buffer.storeBigEndian(UInt16(kind) << 8 | UInt16(length), at: offset + 2)
    }
}
