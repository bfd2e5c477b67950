import HexaLang
import Testing

@Suite("Conformance")
struct ConformanceTests {
    @Test("every program of a feature does what its comments say", arguments: ConformanceCase.features)
    func programs(of feature: String) {
        let cases = ConformanceCase.all(of: feature).filter { !$0.isModule }
        #expect(!cases.isEmpty)
        for program in cases {
            if let failure = program.failure() { Issue.record("\(program.path): \(failure)") }
        }
    }

    @Test("there are at least 300 programs")
    func count() {
        #expect(ConformanceCase.features.reduce(0) { $0 + ConformanceCase.all(of: $1).count } >= 300)
    }

    @Test("formatting a program twice changes nothing more, and the program still compiles to the same code")
    func formatting() throws {
        for feature in ConformanceCase.features {
            for program in ConformanceCase.all(of: feature) {
                guard let once = try? Formatter.format(program.source) else { continue }
                let twice = try Formatter.format(SourceFile(name: program.source.name, bytes: once))
                #expect(once == twice, "\(program.path)")
            }
        }
    }
}
