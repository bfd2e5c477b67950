import HexaBytecode

/// Everything the front end knows of a program: its files in the order in which they run, its types and what it asks
/// for.
final class Program {
    let interner = Interner()
    var files: [LoadedFile] = []
    /// Structs and enums, by their index in the module.
    var nominals: [TypeDeclaration] = []
    var traits: [TypeDeclaration] = []
    var builtinTypes: [Symbol: TypeDeclaration] = [:]
    /// The library, kernel calls and constants: what every file sees unless it names something else so.
    var libraryScope: [Symbol: Resolution] = [:]
    var functionCount = 0
    /// What compile-time evaluations may still spend, and what each may hold.
    var comptimeFuel = 0
    var comptimeHeapBytesMax = 0
    var proofs: [FunctionNode] = []
    var needs: [BytecodeModule.Need] = []
    var diagnostics: [Diagnostic] = []
    /// The first struct with a field of a name, and the field's place: what `getField` tries first.
    var fieldHints: [Symbol: Int] = [:]
    /// Top-level variables that are visible to later inputs of an interactive session.
    var isInteractive = false
    /// What the resolver has tied into circles of references.
    var linked = LinkedNodes()

    var hasErrors: Bool { diagnostics.contains { $0.severity == .error } }

    init() {
        for builtin in Builtin.allCases {
            libraryScope[interner.intern(builtin.signature.nameBytes)] = .builtin(builtin)
        }
        for alias in Builtin.aliases { libraryScope[interner.intern(alias.name)] = .builtin(alias.builtin) }
        for call in KernelCall.allCases where call != .streamNext && call != .log {
            libraryScope[interner.intern(call.signature.nameBytes)] = .kernelCall(call)
        }
        libraryScope[interner.intern("PI")] = .number(Double.pi)
        libraryScope[interner.intern("E")] = .number(2.718281828459045)
        let builtinNames: [(StaticString, ReceiverClass)] = [
            ("int", .int), ("float", .float), ("bool", .bool), ("char", .char), ("string", .string), ("str", .string),
            ("void", .void), ("array", .array), ("tuple", .tuple), ("map", .map), ("range", .range),
            (
                "channel",
                .channel
            ),
            ("error", .error), ("fn", .function),
        ]
        for (name, receiver) in builtinNames {
            let symbol = interner.intern(name)
            builtinTypes[symbol] = TypeDeclaration(symbol, SourceRange(0, 0), .builtin(receiver))
        }
    }

    deinit {
        linked.cut(types: nominals + traits + builtinTypes.values)
    }

    func report(_ message: String, in file: SourceFile, at range: SourceRange, hint: String? = nil) {
        add(Diagnostic(message, in: file, at: range, hint: hint))
    }

    func warn(_ message: String, in file: SourceFile, at range: SourceRange, hint: String? = nil) {
        add(Diagnostic(message, in: file, at: range, hint: hint, severity: .warning))
    }

    /// Errors and warnings are counted apart: warnings must not keep an error from being known.
    private func add(_ diagnostic: Diagnostic) {
        if hasRoom(for: diagnostic.severity) { diagnostics.append(diagnostic) }
    }

    /// Whether one more error or warning would be reported.
    func hasRoom(for severity: Diagnostic.Severity) -> Bool {
        diagnostics.reduce(0) { $0 + ($1.severity == severity ? 1 : 0) } < LanguageLimits.diagnosticsMax
    }
}

/// One file of a program, parsed.
final class LoadedFile {
    let source: SourceFile
    /// The code at the top of the file, as a function without parameters.
    let main: FunctionNode
    /// What the file defines.
    var scope: [Symbol: Resolution] = [:]
    /// What it got from the files it uses.
    var imported: [Symbol: Resolution] = [:]
    var isStrict = false
    var isResolved = false
    /// The top-level code calls `main` itself.
    var callsMain = false
    var used: [(path: [UInt8], range: SourceRange, file: LoadedFile)] = []

    init(_ source: SourceFile, _ main: FunctionNode) {
        self.source = source
        self.main = main
    }
}
