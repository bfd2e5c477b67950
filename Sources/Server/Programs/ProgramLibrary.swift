import HexaBytecode
import HexaLang
import Law

/// An installed program: verified bytecode under the name of its subject.
public struct InstalledProgram: Sendable {
    public let name: String
    let module: VerifiedModule
    public let instructionCount: Int
    /// What it asks of the law (`@law`).
    public let needs: [BytecodeModule.Need]
}

/// Why a program was not installed.
public enum InstallError: Error, Equatable, Sendable {
    /// The law names no program of that name: it could do nothing.
    case unknownToLaw(name: String)
    case tooLarge
    case tooMany
    /// There is one already, and it was not to be replaced.
    case exists(name: String)
    /// The compiler's errors, as it shows them.
    case compileFailed(String)
    /// A module that is damaged, or that the verifier refuses.
    case moduleRefused(String)
    /// What the program says it needs and the law does not grant it: `infer /model/default`.
    case needsNotGranted(name: String, [String])

    public var message: String {
        switch self {
        case .unknownToLaw(let name): "The law names no program \(name); give it a subject of kind \"program\"."
        case .tooLarge: "A program has at most \(Limits.programBytesMax) bytes."
        case .tooMany: "There is no room for another program; delete one."
        case .exists(let name): "A program \(name) is installed already."
        case .compileFailed(let errors): errors
        case .moduleRefused(let reason): "The module is refused: \(reason)"
        case .needsNotGranted(let name, let needs):
            "The law does not grant program \(name) what it needs: \(needs.joined(separator: ", "))."
        }
    }
}

/// An installed program that may be run once: made by `ProgramLibrary.open`, spent by `ProgramRun`.
public struct ExecutableProgram: ~Copyable {
    let program: InstalledProgram

    public var name: String { program.name }
}

/// The programs that are installed. Each step takes the law's permit for it.
public struct ProgramLibrary: Sendable {
    private var programs: [InstalledProgram] = []

    public init() {}

    /// All programs, the oldest first.
    public func list(_ permit: consuming Permit<Read, ProgramsTarget>) -> [InstalledProgram] { programs }

    /// The program of the permit's path; nil when there is none.
    public func program(_ permit: consuming Permit<Read, ProgramPath>) -> InstalledProgram? {
        program(named: permit.target.name)
    }

    /// The program of the permit's path, to be run once; nil when there is none.
    public func open(_ permit: consuming Permit<Execute, ProgramPath>) -> ExecutableProgram? {
        guard let program = program(named: permit.target.name) else { return nil }
        return ExecutableProgram(program: program)
    }

    /// Compiles (or decodes), verifies and installs a program under the permit's path, in the place of an older one.
    /// Runs of that one go on.
    ///
    /// - Parameter replacing: false refuses to take an older one's place.
    public mutating func install(
        _ permit: consuming Permit<Write, ProgramPath>, _ bytes: [UInt8], replacing: Bool = true, law: borrowing Law
    ) throws(InstallError) -> InstalledProgram {
        let name = permit.target.name
        guard let rules = law.document.subjects.first(where: { $0.kind == .program && $0.name == name }) else {
            throw .unknownToLaw(name: name)
        }
        guard replacing || program(named: name) == nil else { throw .exists(name: name) }
        guard bytes.count <= Limits.programBytesMax else { throw .tooLarge }
        let module = try Self.module(bytes, name: name)
        try Self.checkNeeds(module.module.needs, of: rules)
        let count = module.module.functions.reduce(0) { $0 + $1.code.count }
        let others = programs.filter { $0.name != name }
        let total = others.reduce(count) { $0 + $1.instructionCount }
        guard others.count < Limits.programsMax, total <= Limits.instructionsMax else { throw .tooMany }
        let program = InstalledProgram(
            name: name, module: module, instructionCount: count, needs: module.module.needs)
        programs = others + [program]
        return program
    }

    /// Removes a program; runs of it go on. Nil when there is none.
    public mutating func remove(_ permit: consuming Permit<Write, ProgramPath>) -> InstalledProgram? {
        let program = program(named: permit.target.name)
        programs.removeAll { $0.name == program?.name }
        return program
    }

    private func program(named name: String) -> InstalledProgram? {
        programs.first { $0.name.utf8.elementsEqual(name.utf8) }
    }

    private static func module(_ bytes: [UInt8], name: String) throws(InstallError) -> VerifiedModule {
        let module: BytecodeModule
        if bytes.starts(with: ModuleFormat.magic) {
            do throws(ModuleError) {
                module = try BytecodeModule(decoding: bytes)
            } catch {
                throw .moduleRefused(error.message)
            }
        } else {
            let source = SourceFile(name: Array("\(name).hexa".utf8), bytes: bytes)
            do throws(CompileError) {
                module = try HexaCompiler.compile(source, options: compileOptions).module
            } catch {
                throw .compileFailed(error.rendered())
            }
        }
        do throws(VerificationError) {
            return try VerifiedModule(verifying: module)
        } catch {
            throw .moduleRefused(error.message)
        }
    }

    private static var compileOptions: CompileOptions {
        var options = CompileOptions()
        options.comptimeFuelMax = Limits.comptimeFuelMax
        options.comptimeHeapBytesMax = Limits.comptimeHeapBytesMax
        return options
    }

    /// A program that would be denied what it says it needs is refused at once, not in the middle of its work.
    private static func checkNeeds(
        _ needs: [BytecodeModule.Need], of rules: LawDocument.Subject
    ) throws(InstallError) {
        let missing = needs.filter { need in
            guard let code = OperationCode(name: need.operation), let pattern = try? TargetPattern(need.target) else {
                return true
            }
            let isGranted = rules.grants.contains { $0.operations.contains(code) && $0.pattern.covers(pattern) }
            return !rules.isLearning && !isGranted
        }
        guard missing.isEmpty else {
            let texts = missing.map {
                String(decoding: $0.operation, as: UTF8.self) + " " + String(decoding: $0.target, as: UTF8.self)
            }
            throw .needsNotGranted(name: rules.name, texts)
        }
    }
}
