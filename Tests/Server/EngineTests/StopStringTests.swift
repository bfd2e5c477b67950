import TestSupport
import Testing
@testable import Engine

@Suite("Stop strings")
struct StopStringTests {
    /// Feeds `text` in pieces of `size` bytes; what came out after each piece, and whether it was stopped.
    private func feed(
        _ text: String, stops: [String], size: Int = 1
    ) -> (pieces: [String], text: String, isStopped: Bool) {
        var stream = TextStream(stopStrings: stops.map { Array($0.utf8) })
        var pieces: [String] = []
        var all: [UInt8] = []
        let bytes = Array(text.utf8)
        for start in stride(from: 0, to: bytes.count, by: size) {
            let isStopped = stream.append(Array(bytes[start..<min(start + size, bytes.count)]).span)
            var piece: [UInt8] = []
            stream.take(to: &piece)
            pieces.append(String(decoding: piece, as: UTF8.self))
            all += piece
            if isStopped { break }
        }
        stream.finish()
        stream.take(to: &all)
        return (pieces, String(decoding: all, as: UTF8.self), stream.isStopped)
    }

    @Test("end the text before their first occurrence, however tokens cut them")
    func cut() {
        for size in 1...12 {
            let result = feed("one two STOP three", stops: ["STOP"], size: size)
            #expect(result.text == "one two ")
            #expect(result.isStopped)
        }
    }

    @Test("no byte of one is ever let out, and text that only looked like one comes at last")
    func heldBack() {
        #expect(feed("xaab!", stops: ["aac"]).pieces == ["x", "", "", "aab", "!"])
        #expect(feed("xaac!", stops: ["aac"]).pieces == ["x", "", "", ""])
        #expect(feed("xaa", stops: ["aac"]).text == "xaa")
    }

    @Test("of several, the one that is complete first counts; of two that end together, the longer")
    func several() {
        #expect(feed("abcdef", stops: ["def", "cd"]).text == "ab")
        #expect(feed("abcdef", stops: ["d", "bcd"]).text == "a")
    }

    @Test("overlap with themselves")
    func overlap() {
        #expect(feed("aaab", stops: ["aab"]).text == "a")
        #expect(feed("ababac", stops: ["abac"]).text == "ab")
    }

    @Test("are found in characters whose bytes come one by one")
    func characters() {
        let result = feed("süß🦊end", stops: ["🦊"])
        #expect(result.text == "süß")
        #expect(result.isStopped)
    }

    @Test("agree with a plain search, for many random texts over a small alphabet")
    func random() {
        var generator = SplitMix64(seed: 20_260)
        for _ in 0..<2_000 {
            let text = word(0...24, &generator)
            let stops = (0..<Int.random(in: 1...3, using: &generator)).map { _ in word(1...4, &generator) }
            let result = feed(text, stops: stops, size: Int.random(in: 1...5, using: &generator))
            #expect(result.text == cutByPlainSearch(text, stops: stops), "\(text) \(stops)")
        }
    }

    private func word(_ lengths: ClosedRange<Int>, _ generator: inout SplitMix64) -> String {
        let length = Int.random(in: lengths, using: &generator)
        return String((0..<length).map { _ in "abé".randomElement(using: &generator)! })
    }

    private func cutByPlainSearch(_ text: String, stops: [String]) -> String {
        let bytes = Array(text.utf8)
        for end in 0...bytes.count {
            let ending = stops.map { Array($0.utf8) }.filter { bytes[..<end].suffix($0.count).elementsEqual($0) }
            guard let longest = ending.map(\.count).max() else { continue }
            return String(decoding: bytes[..<(end - longest)], as: UTF8.self)
        }
        return text
    }
}
