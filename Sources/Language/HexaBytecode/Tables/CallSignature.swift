/// Name and number of arguments of a function that programs call without defining it.
public struct CallSignature: Sendable {
    public let name: StaticString
    public let argumentsMin: Int
    public let argumentsMax: Int

    init(_ name: StaticString, _ arguments: ClosedRange<Int>) {
        self.name = name
        argumentsMin = arguments.lowerBound
        argumentsMax = arguments.upperBound
    }

    init(_ name: StaticString, _ arguments: Int) { self.init(name, arguments...arguments) }

    public func accepts(_ count: Int) -> Bool { argumentsMin <= count && count <= argumentsMax }

    public var nameBytes: [UInt8] { name.withUTF8Buffer { [UInt8]($0) } }
}
