/// The Internet checksum (RFC 1071): the one's complement of the one's complement sum of 16-bit words.
///
/// Words are added in memory order, eight bytes at a time, and swapped once at the end: the sum does not depend on byte
/// order (RFC 1071, section 2 (B)). Only the last piece that is added may have an odd length.
struct InternetChecksum {
    private var sum: UInt64 = 0

    /// The 16-bit field to put on the wire, in host order.
    var value: UInt16 { ~foldedSum }

    /// The one's complement sum before complementing: what a device that computes checksums wants to find in the field.
    var foldedSum: UInt16 {
        var folded = (sum & 0xFFFF_FFFF) + (sum >> 32)
        folded = (folded & 0xFFFF) + (folded >> 16)
        folded = (folded & 0xFFFF) + (folded >> 16)
        folded = (folded & 0xFFFF) + (folded >> 16)
        return UInt16(bigEndian: UInt16(truncatingIfNeeded: folded))
    }

    /// Whether a block that contains its own checksum field is intact.
    var isValid: Bool { foldedSum == 0xFFFF }

    mutating func add(_ bytes: RawSpan) {
        bytes.withUnsafeBytes { buffer in
            var offset = 0
            // SAFETY: each load is unaligned and ends at or before `buffer.count`.
            while offset &+ 8 <= buffer.count {
                let word = buffer.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
                sum &+= (word & 0xFFFF_FFFF) &+ (word >> 32)
                offset &+= 8
            }
            while offset &+ 2 <= buffer.count {
                sum &+= UInt64(buffer.loadUnaligned(fromByteOffset: offset, as: UInt16.self))
                offset &+= 2
            }
            if offset < buffer.count {
                sum &+= UInt64(UInt16(bigEndian: UInt16(buffer[offset]) << 8))
            }
        }
    }

    mutating func add(_ value: UInt16) {
        sum &+= UInt64(value.bigEndian)
    }

    mutating func add(_ value: UInt32) {
        add(UInt16(truncatingIfNeeded: value >> 16))
        add(UInt16(truncatingIfNeeded: value))
    }

    /// Adds the IPv4 pseudo header of UDP and TCP (RFC 9293, section 3.1).
    mutating func addPseudoHeader(source: IPv4Address, destination: IPv4Address, protocol: IPProtocol, length: Int) {
        add(source.bits)
        add(destination.bits)
        add(UInt16(`protocol`.rawValue))
        add(UInt16(truncatingIfNeeded: length))
    }
}
