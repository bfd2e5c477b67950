import HexaBytecode

/// Library functions. Arguments are in `window[0]...`, the result goes to `window[0]`.
extension Machine {
    func callBuiltin(_ index: Int, _ window: ValueWindow, argumentCount count: Int) -> CallResult {
        collectIfNeeded()
        let builtin = Builtin.allCases[index]
        switch builtin {
        case .exit:
            guard count == 0 || window[0].isInt else {
                _ = fail(.type, "the exit code must be an int")
                return .failed
            }
            exitCode = count == 0 ? 0 : window[0].asInt
            return .stop(.exited)
        case .log where window[0].tag == Tag.string:
            return .stop(kernelCall(.log, window, argumentCount: 1))
        case .print, .println, .eprint, .eprintln:
            printValues(builtin, window, count)
            return .done
        case .abs, .min, .max, .floor, .ceil, .round, .sqrt, .pow, .exp, .log, .log2, .sin, .cos, .tan,
            .sigma, .phi, .tau, .sopfr, .gcd, .random, .seed:
            return mathematics(builtin, window, count) ? .done : .failed
        default: return general(builtin, window, count) ? .done : .failed
        }
    }

    private func printValues(_ builtin: Builtin, _ window: ValueWindow, _ count: Int) {
        var line: [UInt8] = []
        for index in 0..<count {
            if index > 0 { line.append(32) }
            append(window[index], to: &line, depth: 0)
        }
        if builtin == .println || builtin == .eprintln { line.append(10) }
        if builtin == .print || builtin == .println {
            output.append(contentsOf: line)
        } else {
            errorOutput.append(contentsOf: line)
        }
        charge(1 + line.count >> 4)
        // The driver takes the output between slices: end this one.
        if output.count + errorOutput.count > MachineLimits.outputBytesMax { charge(MachineLimits.sliceEnd) }
        window[0] = .void
    }

    private func general(_ builtin: Builtin, _ window: ValueWindow, _ count: Int) -> Bool {
        let value = window[0]
        switch builtin {
        case .format:
            guard let text = format(window, count: count) else { return false }
            return setString(window, text)
        case .toString:
            if value.tag == Tag.string { return true }
            return setString(window, text(of: value))
        case .toInt: return convertToInt(window, value)
        case .toFloat: return convertToFloat(window, value)
        case .toChar: return convertToChar(window, value)
        case .len: return length(window, of: value)
        case .typeOf: return setString(window, Array(typeName(value).utf8))
        case .args: return setStrings(window, configuration.arguments)
        case .assertEq: return assertEqual(window, count)
        case .isAlpha: return classify(window, value, CharacterClass.isAlphabetic)
        case .isDigit: return classify(window, value, CharacterClass.isDigit)
        case .isAlphanumeric:
            return classify(window, value) { CharacterClass.isAlphabetic($0) || CharacterClass.isDigit($0) }
        case .arrayFill: return fillArray(window, with: window[1], count: value)
        case .channel: return newChannelPair(window)
        default: return false
        }
    }

    /// A new string as the result.
    func setString(_ window: ValueWindow, _ bytes: [UInt8]) -> Bool {
        guard let string = heap.newString(bytes) else { return stringOrMemory(bytes.count) }
        window[0] = .object(Tag.string, string)
        return true
    }

    /// Why a string could not be made: it is too long, or there is no memory.
    func stringOrMemory(_ byteCount: Int) -> Bool {
        guard byteCount > MachineLimits.stringBytesMax else { return outOfMemory() }
        return fail(.value, "a string of \(byteCount) bytes is too long: the limit is \(MachineLimits.stringBytesMax)")
    }

    func setStrings(_ window: ValueWindow, _ strings: [[UInt8]]) -> Bool {
        guard let array = heap.newArray(count: strings.count) else { return outOfMemory() }
        for (index, bytes) in strings.enumerated() {
            guard let string = heap.newString(bytes) else {
                array.count = index
                return outOfMemory()
            }
            array.elements.unsafelyUnwrapped[index] = .object(Tag.string, string)
        }
        window[0] = .object(Tag.array, array)
        return true
    }

    func length(_ window: ValueWindow, of value: Value) -> Bool {
        switch value.tag {
        case Tag.string:
            if value.object.extra == 0 { charge(value.object.count >> 5) }
            window[0] = .int(value.object.characterCount)
        case Tag.array, Tag.map, Tag.tuple, Tag.channel: window[0] = .int(value.object.count)
        case Tag.range:
            let lower = value.object.values[0].asInt, upper = value.object.values[1].asInt
            let (distance, overflow) = upper.subtractingReportingOverflow(lower)
            guard !overflow, distance < Int.max else { return fail(.overflow, "the range is too long to be counted") }
            window[0] = .int(max(distance + (value.object.extra == 1 ? 1 : 0), 0))
        default: return fail(.type, "\(article(value)) has no length")
        }
        return true
    }

    func convertToInt(_ window: ValueWindow, _ value: Value) -> Bool {
        switch value.tag {
        case Tag.int: break
        case Tag.bool, Tag.char: window[0] = .int(Int(value.bits))
        case Tag.float:
            guard let int = Int(exactly: value.asFloat.rounded(.towardZero)) else {
                return fail(.overflow, "\(FloatText.text(of: value.asFloat)) does not fit an int")
            }
            window[0] = .int(int)
        case Tag.string:
            guard let int = NumberText.int(value.object.byteSpan) else {
                return fail(.value, Array("not an int: \"".utf8) + text(of: value) + Array("\"".utf8))
            }
            window[0] = .int(int)
        default: return fail(.type, "\(article(value)) cannot become an int")
        }
        return true
    }

    func convertToFloat(_ window: ValueWindow, _ value: Value) -> Bool {
        switch value.tag {
        case Tag.float: break
        case Tag.int: window[0] = .float(Double(value.asInt))
        case Tag.string:
            guard let float = NumberText.float(value.object.byteSpan) else {
                return fail(.value, Array("not a float: \"".utf8) + text(of: value) + Array("\"".utf8))
            }
            window[0] = .float(float)
        default: return fail(.type, "\(article(value)) cannot become a float")
        }
        return true
    }

    private func convertToChar(_ window: ValueWindow, _ value: Value) -> Bool {
        switch value.tag {
        case Tag.char: return true
        case Tag.int:
            guard let scalar = UInt32(exactly: value.asInt), Unicode.Scalar(scalar) != nil else {
                return fail(.value, "\(value.asInt) is the code of no character")
            }
            window[0] = .char(scalar)
            return true
        case Tag.string:
            guard value.object.characterCount == 1 else { return fail(.value, "the string is not one character long") }
            window[0] = .char(UTF8Decoding.scalar(value.object.byteSpan, at: 0).scalar)
            return true
        default: return fail(.type, "\(article(value)) cannot become a char")
        }
    }

    private func assertEqual(_ window: ValueWindow, _ count: Int) -> Bool {
        let test = isEqual(window[0], window[1], pc)
        if test < 0 { return false }
        if test == 1 {
            window[0] = .void
            return true
        }
        var message = count == 3 ? text(of: window[2]) + Array(": ".utf8) : []
        message += text(of: window[0]) + Array(" is not equal to ".utf8) + text(of: window[1])
        return fail(.assertion, message)
    }

    /// A char, or a string all of whose characters are in the class.
    func classify(_ window: ValueWindow, _ value: Value, _ isMember: (UInt32) -> Bool) -> Bool {
        switch value.tag {
        case Tag.char: window[0] = .bool(isMember(value.asScalar))
        case Tag.int: window[0] = .bool(value.asInt >= 0 && value.asInt <= 0x10FFFF && isMember(UInt32(value.asInt)))
        case Tag.string:
            let bytes = value.object.byteSpan
            charge(bytes.count >> 5)
            var offset = 0, all = bytes.count > 0
            while offset < bytes.count, all {
                let (scalar, length) = UTF8Decoding.scalar(bytes, at: offset)
                all = isMember(scalar)
                offset += length
            }
            window[0] = .bool(all)
        default: return fail(.type, "expected a char, got \(article(value))")
        }
        return true
    }

    /// `[tx, rx]`: two references to one channel.
    private func newChannelPair(_ window: ValueWindow) -> Bool {
        guard let channel = heap.newChannel(), let pair = heap.newArray(count: 2) else { return outOfMemory() }
        pair.elements.unsafelyUnwrapped[0] = .object(Tag.channel, channel)
        pair.elements.unsafelyUnwrapped[1] = .object(Tag.channel, channel)
        window[0] = .object(Tag.array, pair)
        return true
    }
}
