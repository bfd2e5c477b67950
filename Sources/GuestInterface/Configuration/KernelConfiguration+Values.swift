extension KernelConfiguration.ModelDevice {
    private static var blockPrefix: StaticString { "vd" }
    private static var memoryPrefix: StaticString { "pmem" }

    init?(text: [UInt8]) {
        if let index = Self.blockIndex(text) {
            self = .block(index)
        } else if let last = Self.suffix(of: text, after: Self.memoryPrefix),
            (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(last)
        {
            self = .persistentMemory(Int(last - UInt8(ascii: "0")))
        } else {
            return nil
        }
    }

    /// The number of a disk, `vda` to `vdz`.
    static func blockIndex(_ text: [UInt8]) -> Int? {
        guard let last = suffix(of: text, after: blockPrefix),
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(last)
        else { return nil }
        return Int(last - UInt8(ascii: "a"))
    }

    /// The one byte behind `prefix`.
    private static func suffix(of text: [UInt8], after prefix: StaticString) -> UInt8? {
        guard let last = text.last, prefix.hasBytes(Array(text.dropLast())) else { return nil }
        return last
    }

    /// Of a number that has no name the text is one that is not read either.
    var text: [UInt8] {
        switch self {
        case .block(let index):
            Array("\(Self.blockPrefix)".utf8) + ((0..<26).contains(index) ? [UInt8(ascii: "a") + UInt8(index)] : [])
        case .persistentMemory(let index):
            Array("\(Self.memoryPrefix)\(index)".utf8)
        }
    }
}

extension KernelConfiguration.Addressing {
    private static var dhcpWord: StaticString { "dhcp" }

    init?(text: [UInt8]) {
        if Self.dhcpWord.hasBytes(text) {
            self = .dhcp
            return
        }
        let parts = text.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false)
        guard parts.count <= 2 else { return nil }
        let network = parts[0].split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        guard network.count == 2, let address = Self.ipv4Address(Array(network[0])),
            let prefixLength = KernelConfiguration.integer(Array(network[1]), in: 1...30)
        else { return nil }
        var gateway: UInt32?
        if parts.count == 2 {
            gateway = Self.ipv4Address(Array(parts[1]))
            guard gateway != nil else { return nil }
        }
        self = .static(address: address, prefixLength: UInt8(prefixLength), gateway: gateway)
    }

    private static func ipv4Address(_ text: [UInt8]) -> UInt32? {
        let parts = text.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var address: UInt32 = 0
        for part in parts {
            guard let octet = KernelConfiguration.integer(Array(part), in: 0...255) else { return nil }
            address = address << 8 | UInt32(octet)
        }
        return address
    }

    var text: [UInt8] {
        switch self {
        case .dhcp: return Array("\(Self.dhcpWord)".utf8)
        case .static(let address, let prefixLength, let gateway):
            var text = "\(Self.dotted(address))/\(prefixLength)"
            if let gateway { text += ",\(Self.dotted(gateway))" }
            return Array(text.utf8)
        }
    }

    private static func dotted(_ address: UInt32) -> String {
        "\(address >> 24).\(address >> 16 & 255).\(address >> 8 & 255).\(address & 255)"
    }
}
