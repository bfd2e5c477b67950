import HexaBytecode

/// What to make of a program.
public struct CompileOptions: Sendable {
    /// Warn of what is probably a mistake, as `#!hexa strict` does.
    public var isStrict = false
    /// Also compile proof blocks, each with an entry of its own that runs the top-level code first.
    public var includesProofs = false
    /// Fuel of everything that is computed while compiling, and memory of one such evaluation.
    public var comptimeFuelMax = 50_000_000
    public var comptimeHeapBytesMax = 64 << 20

    public init() {}
}

/// A compiled program and what the compiler has to say about it.
public struct CompiledProgram {
    public var module: BytecodeModule
    public var warnings: [Diagnostic]
    /// The source of each file by name, for errors at run time.
    public var sources: [SourceFile]
}

/// Source text to bytecode. Sans-I/O: the caller reads files.
public enum HexaCompiler {
    /// Finds the file of a `use` path, as seen from the file that names it.
    public typealias ModuleLoader = (_ path: [UInt8], _ from: SourceFile) -> SourceFile?

    public static func compile(
        _ source: SourceFile, options: CompileOptions = CompileOptions(), load: @escaping ModuleLoader = { _, _ in nil }
    ) throws(CompileError) -> CompiledProgram {
        let session = CompilerSession(isInteractive: false)
        return try session.compile(source, options: options, load: load)
    }
}

/// Compiles one input after the other into a growing module: an interactive session, or a single program.
public final class CompilerSession {
    let program = Program()
    private let compiler: Compiler
    private let isInteractive: Bool
    private var hasLibrary = false
    /// What earlier inputs of the session defined.
    private var earlierScope: [Symbol: Resolution] = [:]

    public init(isInteractive: Bool = true) {
        self.isInteractive = isInteractive
        program.isInteractive = isInteractive
        compiler = Compiler(program)
    }

    public func compile(
        _ source: SourceFile, options: CompileOptions = CompileOptions(),
        load: @escaping HexaCompiler.ModuleLoader = { _, _ in nil }
    ) throws(CompileError) -> CompiledProgram {
        program.diagnostics = []
        program.proofs = []
        program.comptimeFuel = options.comptimeFuelMax
        program.comptimeHeapBytesMax = options.comptimeHeapBytesMax
        let firstNewFile: Int
        do {
            try addLibrary()
            firstNewFile = program.files.count
            var loader = ProgramLoader(program, load: load)
            _ = try loader.add(source)
        } catch {
            throw CompileError([error])
        }
        let files = Array(program.files[firstNewFile...])
        resolve(files, options)
        if !program.hasErrors { generate(files, options) }
        guard !program.hasErrors else { throw CompileError(program.diagnostics) }
        if isInteractive, let main = files.last {
            for (symbol, resolution) in main.imported { earlierScope[symbol] = resolution }
            for (symbol, resolution) in main.scope { earlierScope[symbol] = resolution }
        }
        compiler.modules.module.needs = program.needs
        return CompiledProgram(
            module: compiler.modules.module, warnings: program.diagnostics, sources: program.files.map { $0.source }
        )
    }

    private func addLibrary() throws(Diagnostic) {
        guard !hasLibrary else { return }
        hasLibrary = true
        var loader = ProgramLoader(program) { _, _ in nil }
        let library = try loader.add(Library.source)
        var resolver = Resolver(program, library)
        resolver.resolve()
    }

    private func resolve(_ files: [LoadedFile], _ options: CompileOptions) {
        for file in files where !file.isResolved {
            if options.isStrict { file.isStrict = true }
            if isInteractive { file.imported = earlierScope }
            var resolver = Resolver(program, file)
            resolver.resolve()
        }
    }

    private func generate(_ files: [LoadedFile], _ options: CompileOptions) {
        compiler.promotedGlobals = 0
        compiler.addNominals()
        compiler.addMethods()
        compiler.modules.module.entry = compiler.addEntry(files: files, callsMain: !options.includesProofs)
        // Everything is compiled, used or not: a program with an error in any function is refused.
        for file in files {
            for case .function(let function, _) in file.main.body.statements { _ = compiler.index(of: function) }
        }
        compiler.modules.module.proofs = []
        for proof in program.proofs {
            // Compiled in any case, for its errors; only `hexa test` gets entries.
            let function = compiler.index(of: proof)
            guard options.includesProofs else { continue }
            let entry = compiler.addProofEntry(files: files, proof: function)
            compiler.modules.module.proofs.append(.init(name: compiler.name(proof.symbol), function: entry))
        }
        compiler.drain()
    }
}
