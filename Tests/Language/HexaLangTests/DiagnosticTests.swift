import HexaLang
import Testing

@Suite("Diagnostics")
struct DiagnosticTests {
    private func compile(_ text: String) -> (program: CompiledProgram?, diagnostics: [Diagnostic]) {
        do {
            let program = try HexaCompiler.compile(SourceFile(name: "test.hexa", text: text))
            return (program, program.warnings)
        } catch {
            return (nil, error.diagnostics)
        }
    }

    @Test("any number of warnings leaves room for the error")
    func errorAfterWarnings() {
        let doubtful = (0..<200).map { "fn f\($0)(x) { x.unheard_of() }\n" }.joined()
        let (program, diagnostics) = compile(doubtful + "let n: int = \"text\"\n")
        #expect(program == nil)
        #expect(diagnostics.contains { $0.severity == .error && $0.message.contains("expected int") })
        #expect(diagnostics.count <= 2 * LanguageLimits.diagnosticsMax)
    }

    @Test("a method that nothing has is warned of, with the nearest name")
    func unknownMethod() {
        let (program, warnings) = compile("fn f(s) { s.substrng(0, 1) }")
        #expect(program != nil)
        #expect(warnings.map(\.message) == ["nothing has a method substrng"])
        #expect(warnings.first?.hint == "did you mean substring?")
    }

    @Test(
        "methods of types, traits and the library, and functions in fields, are known",
        arguments: [
            "fn f(x) { x.len() }", "fn f(x) { x.map(|y| y) }", "struct S { run }\nfn f(x) { x.run() }",
            "struct S { a }\nimpl S { fn go(self) { 1 } }\nfn f(x) { x.go() }",
            "trait T { fn draw(self) }\nfn f(x) { x.draw() }",
        ])
    func knownMethod(source: String) {
        #expect(compile(source).diagnostics.isEmpty)
    }

    @Test("names too long to be misspelt are not compared")
    func longNames() {
        let long = String(repeating: "a", count: 200_000)
        let (program, diagnostics) = compile("let \(long)b = 1\n\(long)c\n")
        #expect(program == nil)
        #expect(diagnostics.first?.hint == nil)
    }

    @Test("a line that is shown commands no terminal")
    func controlCharacters() {
        let rendered = compile("\tx \u{1B}[2J\u{9B}").diagnostics.map { $0.rendered() }.joined()
        #expect(rendered.contains("\tx \u{FFFD}[2J\u{FFFD}\n"))
    }
}
