// The syntax is that of the Linux kernel parameter `virtio_mmio.device=` (kernel-parameters.txt): numbers are decimal,
// octal with a leading 0 or hexadecimal with 0x; size and address may carry K, M or G; in the parameter's name "-" and
// "_" are the same; parameters after a lone "--" are not for the kernel.

extension MMIODevice {
    /// Finds all devices that a kernel command line announces, in order. Other parameters are passed over.
    public static func devices(inCommandLine commandLine: Span<UInt8>) throws(MMIODeviceError) -> [MMIODevice] {
        guard commandLine.count <= VirtioLimits.commandLineBytesMax else {
            throw .commandLineTooLong(byteCount: commandLine.count)
        }
        var devices: [MMIODevice] = []
        var cursor = ByteCursor(bytes: commandLine)
        while let word = cursor.nextWord() {
            if cursor.isSeparator(word) {
                break
            }
            guard let value = cursor.value(of: word) else { continue }
            guard devices.count < VirtioLimits.commandLineDevicesMax else {
                throw .tooManyDevices(offset: value.lowerBound)
            }
            var parser = DeviceParser(bytes: commandLine, position: value.lowerBound, end: value.upperBound)
            let device = try parser.parse()
            for other in devices where device.overlaps(other) {
                throw .overlapping(address: device.address, offset: value.lowerBound)
            }
            devices.append(device)
        }
        return devices
    }

    private func overlaps(_ other: MMIODevice) -> Bool {
        address < other.address + other.byteCount && other.address < address + byteCount
    }
}

/// Splits a command line into words at white space; a word that is in quotes as a whole loses them.
private struct ByteCursor: ~Escapable {
    let bytes: Span<UInt8>
    var position = 0

    @_lifetime(copy bytes)
    init(bytes: Span<UInt8>) {
        self.bytes = bytes
    }

    mutating func nextWord() -> Range<Int>? {
        while position < bytes.count, isSpace(bytes[position]) {
            position += 1
        }
        // The boot protocols end the command line with a zero byte; what lies behind it is not text.
        guard position < bytes.count, bytes[position] != 0 else { return nil }
        let start = position
        while position < bytes.count, !isSpace(bytes[position]), bytes[position] != 0 {
            position += 1
        }
        if position - start >= 2, bytes[start] == UInt8(ascii: "\""), bytes[position - 1] == UInt8(ascii: "\"") {
            return (start + 1)..<(position - 1)
        }
        return start..<position
    }

    func isSeparator(_ word: Range<Int>) -> Bool {
        let dash = UInt8(ascii: "-")
        return word.count == 2 && bytes[word.lowerBound] == dash && bytes[word.lowerBound + 1] == dash
    }

    /// What follows `virtio_mmio.device=` in the word, or nil when the word is another parameter.
    func value(of word: Range<Int>) -> Range<Int>? {
        let name: StaticString = "virtio_mmio.device="
        guard word.count >= name.utf8CodeUnitCount else { return nil }
        for offset in 0..<name.utf8CodeUnitCount {
            var byte = bytes[word.lowerBound + offset]
            if byte == UInt8(ascii: "-") {
                byte = UInt8(ascii: "_")
            }
            // SAFETY: `offset` is below the code unit count of a constant ASCII string.
            guard byte == name.utf8Start[offset] else { return nil }
        }
        return (word.lowerBound + name.utf8CodeUnitCount)..<word.upperBound
    }

    private func isSpace(_ byte: UInt8) -> Bool {
        byte == 0x20 || (0x09...0x0d).contains(byte)
    }
}

/// Parses one `SIZE@ADDRESS:INTERRUPT[:ID]` that fills `position..<end`.
private struct DeviceParser: ~Escapable {
    let bytes: Span<UInt8>
    var position: Int
    let end: Int

    @_lifetime(copy bytes)
    init(bytes: Span<UInt8>, position: Int, end: Int) {
        self.bytes = bytes
        self.position = position
        self.end = end
    }

    mutating func parse() throws(MMIODeviceError) -> MMIODevice {
        let sizeOffset = position
        let byteCount = try number(.size, allowsSuffix: true)
        guard byteCount >= UInt64(MMIORegister.configuration) else {
            throw .sizeTooSmall(byteCount: byteCount, offset: sizeOffset)
        }
        try expect("@", after: .size)
        let addressOffset = position
        let address = try number(.address, allowsSuffix: true)
        guard address % 4 == 0, !address.addingReportingOverflow(byteCount).overflow else {
            throw .addressUnusable(address: address, offset: addressOffset)
        }
        try expect(":", after: .address)
        let interruptOffset = position
        let interrupt = try number(.interrupt, allowsSuffix: false)
        guard interrupt >= 1, interrupt <= UInt64(VirtioLimits.interruptMax) else {
            throw .interruptOutOfRange(offset: interruptOffset)
        }
        if position < end {
            // Linux numbers its platform devices by it; here it says nothing.
            try expect(":", after: .interrupt)
            _ = try number(.identifier, allowsSuffix: false)
        }
        guard position == end else { throw .malformed(field: .identifier, offset: position) }
        return MMIODevice(address: address, byteCount: byteCount, interrupt: UInt32(interrupt))
    }

    private mutating func expect(_ character: Unicode.Scalar, after field: MMIODeviceField) throws(MMIODeviceError) {
        guard position < end, bytes[position] == UInt8(ascii: character) else {
            throw .malformed(field: field, offset: position)
        }
        position += 1
    }

    private mutating func number(
        _ field: MMIODeviceField, allowsSuffix: Bool
    ) throws(MMIODeviceError) -> UInt64 {
        let start = position
        let radix = takeRadix()
        let digitsStart = position
        var value: UInt64 = 0
        while position < end, let digit = digit(bytes[position]), digit < radix {
            let product = value.multipliedReportingOverflow(by: radix)
            let sum = product.partialValue.addingReportingOverflow(digit)
            guard !product.overflow, !sum.overflow else { throw .numberTooLarge(field: field, offset: start) }
            value = sum.partialValue
            position += 1
        }
        guard position > digitsStart else { throw .malformed(field: field, offset: start) }
        guard allowsSuffix, let shift = takeSuffix() else { return value }
        guard value.leadingZeroBitCount >= shift else { throw .numberTooLarge(field: field, offset: start) }
        return value << UInt64(shift)
    }

    private mutating func takeRadix() -> UInt64 {
        guard position + 1 < end, bytes[position] == UInt8(ascii: "0") else { return 10 }
        if bytes[position + 1] | 0x20 == UInt8(ascii: "x") {
            position += 2
            return 16
        }
        return 8
    }

    private mutating func takeSuffix() -> Int? {
        guard position < end else { return nil }
        let shift: Int
        switch bytes[position] | 0x20 {
        case UInt8(ascii: "k"): shift = 10
        case UInt8(ascii: "m"): shift = 20
        case UInt8(ascii: "g"): shift = 30
        default: return nil
        }
        position += 1
        return shift
    }

    private func digit(_ byte: UInt8) -> UInt64? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt64(byte - UInt8(ascii: "0"))
        case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt64(byte - UInt8(ascii: "a")) + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt64(byte - UInt8(ascii: "A")) + 10
        default: nil
        }
    }
}
