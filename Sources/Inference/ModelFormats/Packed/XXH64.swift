/// XXH64, the checksum of HXM files (Yann Collet, "xxHash fast digest algorithm", version 0.1.1, "XXH64 Algorithm
/// Description"). It finds damage at the speed of memory, in plain arithmetic on any processor; it is no protection
/// against somebody who makes a file collide on purpose.
public enum XXH64 {
    private static let prime1: UInt64 = 0x9e37_79b1_85eb_ca87
    private static let prime2: UInt64 = 0xc2b2_ae3d_27d4_eb4f
    private static let prime3: UInt64 = 0x1656_67b1_9e37_79f9
    private static let prime4: UInt64 = 0x85eb_ca77_c2b2_ae63
    private static let prime5: UInt64 = 0x27d4_eb2f_1656_67c5
    private static let stripeBytes = 32

    /// The digest of `bytes` with seed 0.
    public static func digest(of bytes: RawSpan) -> UInt64 {
        let count = bytes.byteCount
        let stripesEnd = count & ~(stripeBytes - 1)
        var accumulator = stripesEnd > 0 ? stripes(bytes, upTo: stripesEnd) : prime5
        accumulator &+= UInt64(count)
        return avalanche(remainder(bytes, from: stripesEnd, accumulator))
    }

    /// Steps 1 to 3: four lanes take eight bytes each of every stripe, and converge.
    private static func stripes(_ bytes: RawSpan, upTo end: Int) -> UInt64 {
        var lane1 = prime1 &+ prime2
        var lane2 = prime2
        var lane3: UInt64 = 0
        var lane4 = 0 &- prime1
        var offset = 0
        while offset < end {
            lane1 = round(lane1, load(bytes, offset))
            lane2 = round(lane2, load(bytes, offset + 8))
            lane3 = round(lane3, load(bytes, offset + 16))
            lane4 = round(lane4, load(bytes, offset + 24))
            offset += stripeBytes
        }
        var result = rotate(lane1, 1) &+ rotate(lane2, 7) &+ rotate(lane3, 12) &+ rotate(lane4, 18)
        result = merge(result, lane1)
        result = merge(result, lane2)
        result = merge(result, lane3)
        return merge(result, lane4)
    }

    /// Step 5: the less than 32 bytes behind the last whole stripe.
    private static func remainder(_ bytes: RawSpan, from start: Int, _ accumulator: UInt64) -> UInt64 {
        var result = accumulator
        var offset = start
        while offset + 8 <= bytes.byteCount {
            result = rotate(result ^ round(0, load(bytes, offset)), 27) &* prime1 &+ prime4
            offset += 8
        }
        if offset + 4 <= bytes.byteCount {
            let word = UInt32(littleEndian: HeaderCursor.load(bytes, at: offset))
            result = rotate(result ^ (UInt64(word) &* prime1), 23) &* prime2 &+ prime3
            offset += 4
        }
        while offset < bytes.byteCount {
            let byte: UInt8 = HeaderCursor.load(bytes, at: offset)
            result = rotate(result ^ (UInt64(byte) &* prime5), 11) &* prime1
            offset += 1
        }
        return result
    }

    /// Step 6.
    private static func avalanche(_ accumulator: UInt64) -> UInt64 {
        var result = accumulator
        result = (result ^ (result >> 33)) &* prime2
        result = (result ^ (result >> 29)) &* prime3
        return result ^ (result >> 32)
    }

    private static func round(_ accumulator: UInt64, _ lane: UInt64) -> UInt64 {
        rotate(accumulator &+ lane &* prime2, 31) &* prime1
    }

    private static func merge(_ accumulator: UInt64, _ lane: UInt64) -> UInt64 {
        (accumulator ^ round(0, lane)) &* prime1 &+ prime4
    }

    private static func rotate(_ value: UInt64, _ count: UInt64) -> UInt64 {
        value &<< count | value &>> (64 &- count)
    }

    private static func load(_ bytes: RawSpan, _ offset: Int) -> UInt64 {
        UInt64(littleEndian: HeaderCursor.load(bytes, at: offset))
    }
}
