extension KernelConfiguration {
    /// Why a configuration has no command line: the value of a key.
    package struct EncodeError: Error, Equatable, Sendable {
        package enum Problem: Equatable, Sendable {
            case empty
            /// It would end a word here or a string in a VMM's configuration file.
            case unwritable
            /// With this key the line becomes longer than it may be.
            case tooLong(byteCountMax: Int)
            /// The kernel would not take it.
            case outOfRange(expected: String)
        }

        package let key: Key
        package let problem: Problem

        package init(_ key: Key, _ problem: Problem) {
            self.key = key
            self.problem = problem
        }
    }

    /// The command line, from which `init(commandLine:)` makes the same value. What is optional, an address by DHCP,
    /// and the kernel's own number of sequences need no word.
    ///
    /// - Parameter byteCountMax: without a closing zero; some VMMs take less than the kernel does.
    package func encode(
        byteCountMax: Int = Self.commandLineByteCountMax - 1
    ) throws(EncodeError) -> [UInt8] {
        var line: [UInt8] = []
        for (key, value) in words {
            try check(key, value)
            if !line.isEmpty { line.append(UInt8(ascii: " ")) }
            line += Array("\(key.word)=".utf8) + value
            guard line.count <= byteCountMax else { throw EncodeError(key, .tooLong(byteCountMax: byteCountMax)) }
        }
        return line
    }

    private func check(_ key: Key, _ value: [UInt8]) throws(EncodeError) {
        guard !value.isEmpty else { throw EncodeError(key, .empty) }
        // Printable ASCII without the space, which ends a word, and the quote, which ends a string in QEMU's file.
        guard value.allSatisfy({ (0x21...0x7e).contains($0) && $0 != UInt8(ascii: "\"") }) else {
            throw EncodeError(key, .unwritable)
        }
        var read = KernelConfiguration()
        do throws(ParseError) {
            try read.set(key, to: value)
        } catch {
            guard case .badValue(_, let expected) = error else { return }
            throw EncodeError(key, .outOfRange(expected: expected.description))
        }
    }

    private var words: [(Key, [UInt8])] {
        var words: [(Key, [UInt8])] = []
        func add(_ key: Key, _ value: [UInt8]?) {
            if let value { words.append((key, value)) }
        }
        func number<Number: BinaryInteger>(_ value: Number) -> [UInt8] { Array("\(Int64(value))".utf8) }
        add(.addressing, addressing == .dhcp ? nil : addressing.text)
        add(.port, number(port))
        add(.logLevel, Array("\(logLevel.name)".utf8))
        add(.modelDevice, modelDevice.text)
        add(.modelByteCount, modelByteCount.map(number))
        add(.modelName, modelName)
        add(.wallClockSeconds, number(wallClockSeconds))
        add(.cpuCount, number(cpuCount))
        add(.contextLength, contextLength.map(number))
        add(.sequenceCount, sequenceCount == Self.sequenceCountDefault ? nil : number(sequenceCount))
        add(.timeToFirstToken, timeToFirstTokenMilliseconds.map(number))
        add(.timeBetweenTokens, timeBetweenTokensMilliseconds.map(number))
        add(.lawDevice, lawDevice.map { ModelDevice.block($0).text })
        add(.lawByteCount, lawByteCount.map(number))
        for key in apiKeys { add(.apiKey, key) }
        add(.auditKey, auditKey.isEmpty ? nil : auditKey)
        add(.selfTest, selfTest.map { Array("\($0.name)".utf8) })
        return words
    }
}
