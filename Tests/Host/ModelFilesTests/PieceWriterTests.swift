import Foundation
import HostFiles
import Testing
import TestSupport

@testable import ModelFiles

@Suite("A file written in pieces holds what was written where it was written")
struct PieceWriterTests {
    private static let piece = PieceWriter.pieceByteCount

    /// Writes a file of `byteCount` bytes: stretches of one byte's value each, then its beginning.
    private func written(_ byteCount: Int, head: [UInt8], _ stretches: [(Range<Int>, UInt8)]) throws -> [UInt8] {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString).path
        defer { try? FileManager.default.removeItem(atPath: path) }
        let file = try OutputFile(path: path, byteCount: byteCount, replacesExisting: false)
        var writer = PieceWriter(file, fileByteCount: byteCount, headByteCount: head.count)
        for (range, value) in stretches {
            try [UInt8](repeating: value, count: range.count).withUnsafeBytes {
                try writer.write($0, at: range.lowerBound)
            }
        }
        try writer.complete(head: head)
        return [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
    }

    private func expected(_ byteCount: Int, head: [UInt8], _ stretches: [(Range<Int>, UInt8)]) -> [UInt8] {
        var bytes = head + [UInt8](repeating: 0, count: byteCount - head.count)
        for (range, value) in stretches {
            bytes.replaceSubrange(range, with: repeatElement(value, count: range.count))
        }
        return bytes
    }

    @Test(
        "stretches within, across and at the bounds of pieces",
        arguments: [
            [(100..<200, 1)],
            [(100..<(piece + 1), 1), ((piece + 1)..<(2 * piece), 2)],
            [(piece..<(2 * piece), 1), ((2 * piece)..<(3 * piece + 5), 2)],
            [((3 * piece + 4)..<(3 * piece + 5), 1)],
            [],
        ] as [[(Range<Int>, UInt8)]])
    func bounds(stretches: [(Range<Int>, UInt8)]) throws {
        let (byteCount, head) = (3 * Self.piece + 5, [UInt8](repeating: 9, count: 64))
        #expect(try written(byteCount, head: head, stretches) == expected(byteCount, head: head, stretches))
    }

    @Test(
        "a beginning of no, one and several pieces, and one that is the whole file",
        arguments: [
            0, 1, piece, 2 * piece + 7, 3 * piece,
        ])
    func beginnings(headByteCount: Int) throws {
        let (byteCount, head) = (3 * Self.piece, [UInt8](repeating: 9, count: headByteCount))
        let stretches = [(headByteCount..<min(headByteCount + 10, byteCount), UInt8(1))]
        #expect(try written(byteCount, head: head, stretches) == expected(byteCount, head: head, stretches))
    }

    @Test("random stretches with gaps between them")
    func random() throws {
        var random = SplitMix64(seed: 5)
        for _ in 0..<4 {
            let byteCount = 5 * Self.piece
            let head = [UInt8](repeating: 9, count: .random(in: 1...5_000, using: &random))
            var (position, stretches) = (head.count, [(Range<Int>, UInt8)]())
            while true {
                let start = position + .random(in: 0...64, using: &random)
                let end = start + .random(in: 1...(2 * Self.piece), using: &random)
                guard end <= byteCount else { break }
                stretches.append((start..<end, .random(in: 1...255, using: &random)))
                position = end
            }
            #expect(try written(byteCount, head: head, stretches) == expected(byteCount, head: head, stretches))
        }
    }
}
