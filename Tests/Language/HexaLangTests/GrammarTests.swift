import Foundation
import HexaBytecode
import TestSupport
import Testing
@testable import HexaLang

@Suite("The grammar for Visual Studio Code")
struct GrammarTests {
    private static let grammar: String = {
        let file = Repository.file("editors/vscode/syntaxes/hexa.tmLanguage.json")
        return (try? String(contentsOf: file, encoding: .utf8)) ?? ""
    }()

    /// Whether the word is one of the alternatives of a pattern.
    private func knows(_ word: String) -> Bool {
        ["(?:", "|"].contains { before in
            ["|", ")"].contains { after in Self.grammar.contains(before + word + after) }
        }
    }

    @Test("it is JSON")
    func wellFormed() throws {
        _ = try JSONSerialization.jsonObject(with: Data(Self.grammar.utf8))
    }

    @Test("it knows every keyword")
    func keywords() {
        for keyword in TokenKind.keywords { #expect(knows("\(keyword.spelling)"), "\(keyword.spelling)") }
    }

    @Test("it knows every library function")
    func library() {
        for builtin in Builtin.allCases { #expect(knows("\(builtin.signature.name)"), "\(builtin)") }
        for alias in Builtin.aliases { #expect(knows("\(alias.name)"), "\(alias.name)") }
    }

    @Test("it knows every kernel call that programs name")
    func kernelCalls() {
        // A loop over a stream makes the one, `log` of a text the other.
        for call in KernelCall.allCases where call != .streamNext && call != .log {
            #expect(knows("\(call.signature.name)"), "\(call)")
        }
    }
}
