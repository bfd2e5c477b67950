/// Percent-encoding of RFC 3986 section 2.1.
enum PercentEncoding {
    /// Replaces each `%XX` by its byte; nil when a percent sign is not followed by two hexadecimal digits.
    /// With `plusIsSpace`, as in the query strings of HTML forms, `+` stands for a space.
    static func decode(_ bytes: Span<UInt8>, plusIsSpace: Bool = false) -> [UInt8]? {
        var decoded: [UInt8] = []
        decoded.reserveCapacity(bytes.count)
        var index = 0
        while index < bytes.count {
            switch bytes[index] {
            case UInt8(ascii: "%"):
                guard bytes.count - index > 2, let high = ASCII.hexDigitValue(bytes[index + 1]),
                    let low = ASCII.hexDigitValue(bytes[index + 2])
                else { return nil }
                decoded.append(high << 4 | low)
                index += 3
            case UInt8(ascii: "+") where plusIsSpace:
                decoded.append(ASCII.space)
                index += 1
            case let byte:
                decoded.append(byte)
                index += 1
            }
        }
        return decoded
    }
}
