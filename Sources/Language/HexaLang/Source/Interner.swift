/// Names as small numbers: equal names have equal numbers.
final class Interner {
    private var numbers: [[UInt8]: Int] = [:]
    private(set) var names: [[UInt8]] = []

    func intern(_ name: [UInt8]) -> Symbol {
        if let number = numbers[name] { return Symbol(number: number) }
        numbers[name] = names.count
        names.append(name)
        return Symbol(number: names.count - 1)
    }

    func intern(_ name: StaticString) -> Symbol { intern(name.withUTF8Buffer { [UInt8]($0) }) }

    func bytes(_ symbol: Symbol) -> [UInt8] { names[symbol.number] }

    func text(_ symbol: Symbol) -> String { String(decoding: names[symbol.number], as: UTF8.self) }
}

struct Symbol: Hashable {
    var number: Int
}
