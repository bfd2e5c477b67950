/// What tells a message on the console from the log and from what is typed: it begins with a control byte that neither
/// has, ends what came before, and goes on to the end of its line.
package enum ConsoleFrame {
    /// Record separator (ECMA-48, 8.3.61: IS2).
    package static var start: UInt8 { 0x1e }
    package static var end: UInt8 { UInt8(ascii: "\n") }
    /// Without start and end. A longer one is none.
    package static var byteCountMax: Int { 128 }

    static func encode(_ text: String) -> [UInt8] { [start] + Array(text.utf8) + [end] }
}

/// The content of a frame: a word, and fields `name=value` behind it, separated by single spaces.
struct FrameContent {
    private let words: [ArraySlice<UInt8>]

    init?(_ content: [UInt8]) {
        guard content.count <= ConsoleFrame.byteCountMax, content.allSatisfy({ (0x20...0x7e).contains($0) }) else {
            return nil
        }
        words = content.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
    }

    var word: [UInt8] { words.isEmpty ? [] : Array(words[0]) }

    /// The value of the field `name`, which must be there once.
    func field(_ name: StaticString) -> [UInt8]? {
        var found: [UInt8]?
        for word in words.dropFirst() {
            guard let equals = word.firstIndex(of: UInt8(ascii: "=")), name.hasBytes(Array(word[..<equals])) else {
                continue
            }
            guard found == nil else { return nil }
            found = Array(word[(equals + 1)...])
        }
        return found
    }

    func integer(_ name: StaticString) -> UInt64? { field(name).flatMap { UInt64(decimal: $0) } }
}
