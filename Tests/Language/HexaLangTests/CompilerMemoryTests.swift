@testable import HexaLang
import Testing

/// A compilation leaves nothing behind: programs come and go for as long as the appliance runs.
@Suite("Memory of the compiler")
struct CompilerMemoryTests {
    /// Everything that refers to itself or in circles.
    private static let source = SourceFile(
        name: Array("circles.hexa".utf8),
        bytes: Array(
            """
            const LIMIT = 3
            struct Node { value: int, next: Node }
            trait Named { fn name(self) { self.title() } fn title(self) }
            impl Named for Node { fn title(self) { "node" } }
            impl Node { fn again(self) { self.again() } }
            impl string { fn shout(self) { self.shout() } }
            fn even(n) { if n == 0 { true } else { odd(n - 1) } }
            fn odd(n) { if n == 0 { false } else { even(n - 1) } }
            fn outer(n) {
                fn inner(m) { if m == 0 { n } else { inner(m - 1) } }
                let add = |x| x + n
                add(inner(LIMIT))
            }
            println(even(4), outer(2))
            """.utf8))

    @Test("a session's syntax trees go with it, whatever circles they are in")
    func leavesNothing() throws {
        var session: CompilerSession? = CompilerSession(isInteractive: false)
        _ = try session?.compile(Self.source)
        let nodes = session.map { linkedNodes(of: $0.program) } ?? []
        #expect(nodes.count > 12)
        #expect(nodes.allSatisfy { $0.object != nil })
        session = nil
        #expect(nodes.allSatisfy { $0.object == nil })
    }

    private func linkedNodes(of program: Program) -> [Weak] {
        program.linked.functions.map { Weak($0) } + program.linked.globals.map { Weak($0) }
            + (program.nominals + program.traits).map { Weak($0) } + program.files.map { Weak($0.main) }
    }

    private struct Weak {
        weak var object: AnyObject?
        init(_ object: AnyObject) { self.object = object }
    }
}
