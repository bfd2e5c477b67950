import ArgumentParser
import Foundation
import HexaBytecode
import HexaLang

/// Reads program files for the compiler.
enum SourceLoading {
    /// Ends the command with exit code 2 when the file cannot be read: that is a mistake in the command, not the
    /// program.
    static func read(_ path: String) throws -> SourceFile {
        guard let bytes = bytes(path) else {
            Console.error("hexa: cannot read \(path)\n")
            throw ExitCode(2)
        }
        return SourceFile(name: Array(path.utf8), bytes: bytes)
    }

    static func bytes(_ path: String) -> [UInt8]? {
        var isDirectory: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory), !isDirectory.boolValue,
            let data = FileManager.default.contents(atPath: path)
        else { return nil }
        return [UInt8](data)
    }

    /// `use` paths are relative to the file that names them, with or without `.hexa`.
    static func load(_ path: [UInt8], _ from: SourceFile) -> SourceFile? {
        let text = String(decoding: path, as: UTF8.self)
        let folder = (String(decoding: from.name, as: UTF8.self) as NSString).deletingLastPathComponent
        let base = text.hasPrefix("/") ? text : (folder as NSString).appendingPathComponent(text)
        for candidate in [base, base + ".hexa"] {
            let name = (candidate as NSString).standardizingPath
            if let bytes = bytes(name) { return SourceFile(name: Array(name.utf8), bytes: bytes) }
        }
        return nil
    }

    /// Compiles, shows what the compiler has to say, and ends with exit code 1 on errors.
    static func compile(_ source: SourceFile, _ options: CompileOptions) throws -> CompiledProgram {
        guard !source.bytes.starts(with: ModuleFormat.magic) else {
            let name = String(decoding: source.name, as: UTF8.self)
            Console.error("\(name): a compiled module, not a source file: hexa run and hexa disasm take it\n")
            throw ExitCode(1)
        }
        do {
            let program = try HexaCompiler.compile(source, options: options, load: load)
            for warning in program.warnings { Console.error(warning.rendered()) }
            return program
        } catch {
            Console.error(error.rendered())
            throw ExitCode(1)
        }
    }

    static func verify(_ module: BytecodeModule) throws -> VerifiedModule {
        do {
            return try VerifiedModule(verifying: module)
        } catch {
            Console.error("hexa: \(error.message)\n")
            throw ExitCode(1)
        }
    }

    /// A program from source or from a `.hxb` file, by what the file begins with.
    static func program(
        _ path: String, _ options: CompileOptions
    ) throws -> (
        module: VerifiedModule,
        sources: [SourceFile]
    ) {
        let file = try read(path)
        guard file.bytes.starts(with: ModuleFormat.magic) else {
            let program = try compile(file, options)
            return (try verify(program.module), program.sources)
        }
        do {
            return (try verify(BytecodeModule(decoding: file.bytes)), [])
        } catch let error as ModuleError {
            Console.error("\(path): \(error.message)\n")
            throw ExitCode(1)
        }
    }

    /// The file itself, or every `.hexa` file below the folder, sorted.
    static func files(_ path: String) throws -> [String] {
        var isDirectory: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) else {
            Console.error("hexa: cannot read \(path)\n")
            throw ExitCode(2)
        }
        guard isDirectory.boolValue else { return [path] }
        let names = FileManager.default.enumerator(atPath: path)?.compactMap { $0 as? String } ?? []
        return names.filter { $0.hasSuffix(".hexa") }.sorted().map { (path as NSString).appendingPathComponent($0) }
    }
}
