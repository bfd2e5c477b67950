import Law
import TestSupport
import Testing

@Suite("Paths and patterns")
struct PatternTests {
    @Test(
        "a pattern covers",
        arguments: [
            ("/a", "/a"), ("/a/b", "/a/b"), ("/*", "/a"), ("/a/*", "/a/b"), ("/*/b", "/a/b"), ("/a/*/c", "/a/b/c"),
            ("/**", "/a"), ("/**", "/a/b/c"), ("/a/**", "/a/b"), ("/a/**", "/a/b/c/d"), ("/*/b/**", "/a/b/c"),
        ])
    func covers(pattern: String, path: String) throws {
        #expect(try TargetPattern(pattern).covers(TargetPath(path)))
    }

    @Test(
        "a pattern does not cover",
        arguments: [
            ("/a", "/b"), ("/a", "/ab"), ("/ab", "/a"), ("/a", "/a/b"), ("/a/b", "/a"), ("/*", "/a/b"), ("/a/*", "/a"),
            ("/a/*", "/a/b/c"), ("/a/**", "/a"), ("/a/**", "/ab/c"), ("/a/*/c", "/a/b/d"), ("/*/b", "/a/c"),
        ])
    func doesNotCover(pattern: String, path: String) throws {
        #expect(try !TargetPattern(pattern).covers(TargetPath(path)))
    }

    @Test(
        "a pattern covers another when it covers all its paths",
        arguments: [
            ("/a", "/a", true), ("/*", "/a", true), ("/*", "/*", true), ("/**", "/*", true), ("/**", "/**", true),
            ("/a/**", "/a/*/c", true), ("/a/*", "/a/**", false), ("/a", "/*", false), ("/a/*", "/a", false),
            ("/*/b", "/a/*", false), ("/a/**", "/a", false), ("/a/**", "/**", false),
        ])
    func coversPattern(pattern: String, other: String, isCovered: Bool) throws {
        #expect(try TargetPattern(pattern).covers(TargetPattern(other)) == isCovered)
    }

    @Test(
        "what is no path is refused with its reason",
        arguments: [
            ("", PathError.noLeadingSlash), ("a", .noLeadingSlash), ("/", .emptySegment), ("/a/", .emptySegment),
            ("/a//b", .emptySegment), ("/./a", .dotSegment), ("/a/..", .dotSegment), ("/a b", .invisibleCharacter),
            ("/ü", .invisibleCharacter), ("/a\u{7F}", .invisibleCharacter), ("/*", .starInPath),
        ])
    func notAPath(text: String, error: PathError) {
        #expect(throws: error) { try TargetPath(text) }
    }

    @Test(
        "what is no pattern is refused with its reason",
        arguments: [
            ("/a*", PathError.partialStar), ("/*a/b", .partialStar), ("/***", .partialStar), ("/**/a", .starsNotLast),
            ("/..", .dotSegment), ("*", .noLeadingSlash),
        ])
    func notAPattern(text: String, error: PathError) {
        #expect(throws: error) { try TargetPattern(text) }
    }

    @Test("names that only resemble the dots are names")
    func dots() throws { _ = try TargetPath("/.../.hidden/a..b/...") }

    @Test("a path may be as long as its limits, and no longer")
    func limits() throws {
        _ = try TargetPath("/" + String(repeating: "a", count: Limits.pathBytesMax - 1))
        #expect(throws: PathError.tooLong) { try TargetPath("/" + String(repeating: "a", count: Limits.pathBytesMax)) }
        _ = try TargetPath(String(repeating: "/a", count: Limits.pathSegmentsMax))
        let tooDeep = String(repeating: "/a", count: Limits.pathSegmentsMax + 1)
        #expect(throws: PathError.tooDeep) { try TargetPath(tooDeep) }
    }

    @Test("patterns agree with the definition, segment by segment")
    func reference() throws {
        var random = SplitMix64(seed: 11)
        var covered = 0
        for _ in 0..<20_000 {
            let path = (0...random.next() % 4).map { _ in ["a", "b", "ab"][Int(random.next() % 3)] }
            var pattern = (0...random.next() % 4).map { _ in ["a", "b", "ab", "*", "*"][Int(random.next() % 5)] }
            if random.next() % 4 == 0 { pattern.append("**") }
            let expected = Self.covers(pattern[...], path[...])
            let actual = try TargetPattern("/" + pattern.joined(separator: "/"))
                .covers(TargetPath("/" + path.joined(separator: "/")))
            #expect(actual == expected, "\(pattern) \(path)")
            if expected { covered += 1 }
        }
        #expect(covered > 1_000)
    }

    private static func covers(_ pattern: ArraySlice<String>, _ path: ArraySlice<String>) -> Bool {
        guard let first = pattern.first else { return path.isEmpty }
        guard let segment = path.first else { return false }
        if first == "**" { return true }
        return (first == "*" || first == segment) && covers(pattern.dropFirst(), path.dropFirst())
    }
}
