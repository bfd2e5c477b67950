extension JSONReader {
    /// Reads a number (RFC 8259 section 6): `-? (0 | [1-9][0-9]*) (. [0-9]+)? ([eE] [+-]? [0-9]+)?`.
    mutating func readNumber() throws(JSONError) -> JSONNumber {
        let start = position
        var literal = DecimalLiteral()
        if peek() == UInt8(ascii: "-") {
            literal.isNegative = true
            position += 1
        }
        let digitsStart = position
        if peek() == UInt8(ascii: "0") {
            position += 1
            if let next = peek(), Self.isDigit(next) { throw error(.invalidNumber, at: start) }
        } else {
            try readDigits(from: start) { literal.appendIntegerDigit($0) }
        }
        var isInteger = true
        if peek() == UInt8(ascii: ".") {
            isInteger = false
            position += 1
            try readDigits(from: start) { literal.appendFractionDigit($0) }
        }
        let digits = digitsStart..<position
        if peek() == UInt8(ascii: "e") || peek() == UInt8(ascii: "E") {
            isInteger = false
            literal.addExponent(try readExponent(from: start))
        }
        if isInteger, let integer = literal.int64 { return .integer(integer) }
        let double = literal.nearestDouble(digits: text.extracting(digits))
        guard double.isFinite else { throw error(.numberOutOfRange, at: start) }
        return .double(double)
    }

    /// The value after `e`, held within ±`DecimalLiteral.exponentMagnitudeMax`.
    private mutating func readExponent(from start: Int) throws(JSONError) -> Int {
        position += 1
        var isNegative = false
        if let sign = peek(), sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") {
            isNegative = sign == UInt8(ascii: "-")
            position += 1
        }
        var magnitude = 0
        try readDigits(from: start) { magnitude = min(magnitude * 10 + Int($0), DecimalLiteral.exponentMagnitudeMax) }
        return isNegative ? -magnitude : magnitude
    }

    /// Reads one or more digits, handing the value of each to `consume`.
    private mutating func readDigits(from start: Int, _ consume: (UInt8) -> Void) throws(JSONError) {
        guard let first = peek() else { throw error(.unexpectedEnd) }
        guard Self.isDigit(first) else { throw error(.invalidNumber, at: start) }
        while let byte = peek(), Self.isDigit(byte) {
            consume(byte - UInt8(ascii: "0"))
            position += 1
        }
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte
    }
}
