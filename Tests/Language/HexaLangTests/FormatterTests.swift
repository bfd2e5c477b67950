import HexaLang
import Testing

@Suite("The formatter")
struct FormatterTests {
    private func format(_ text: String) throws -> String {
        String(decoding: try Formatter.format(SourceFile(name: "test", text: text)), as: UTF8.self)
    }

    @Test(
        "maps are written without blanks inside their braces, blocks and structs with them",
        arguments: [
            #"let m = {"k": v}"#, #"f(x, {"a": 1, "b": {"c": 2}})"#, "let m = {(1, 2): 3, (2, (3)): 4}", "let m = {}",
            "let m: {string: int} = {1: 2, c: 3, 'd': 4, true: 5, 1.5: 6}", #"println({"a": 1}["a"])"#,
            #"let f = |x| {"k": x}"#, "let f = |x| { x + 1 }", "let p = P { x: 1, y: 2 }",
            "struct P { x: int, y: int }",
            "match p { P { x: 0 } -> 1, _ -> { 2 } }", "if a { b } else { c }", #"match v { 0 -> {"a": 1}, _ -> {} }"#,
            "fn f() -> {string: int} { {\"a\": 1} }", "try { f() } catch e { (1, 2) }",
            "try { f() } catch e { }", "while true { }", "f({}, [{}])", "fn f() { }",
        ])
    func braces(line: String) throws {
        #expect(try format(line) == line + "\n")
        #expect(try format(line.replacing("{", with: "{ ").replacing("}", with: " }")) == line + "\n")
    }

    @Test("a map over several lines is indented like a block")
    func lines() throws {
        let text = """
            let m = {
                "a": 1, // first
                "b": {"c": 2},
            }

            """
        #expect(try format(text) == text)
        #expect(try format(text.replacing("    ", with: "")) == text)
    }
}
