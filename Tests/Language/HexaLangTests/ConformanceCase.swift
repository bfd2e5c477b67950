import Foundation
import HexaBytecode
import HexaLang
import HexaVM
import TestSupport

/// A small program whose comments say what it must print or how it must fail:
///
///     println(1 + 2)   // expect: 3
///     [1][5]           // expect error: index 5 is outside
///
/// An error's comment that follows code also says on which line the error must be.
struct ConformanceCase {
    let path: String
    let source: SourceFile
    private(set) var output: [String] = []
    private(set) var error: String?
    private(set) var errorLine: UInt32?
    private(set) var warning: String?

    /// Files that other programs use have no expectations of their own.
    var isModule: Bool { path.contains("module_") }

    static let folder = Repository.file("Tests/Conformance").path

    static var features: [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted()
    }

    static func all(of feature: String) -> [ConformanceCase] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder + "/" + feature)) ?? []
        return names.filter { $0.hasSuffix(".hexa") }.sorted().compactMap { ConformanceCase(feature + "/" + $0) }
    }

    init?(_ path: String) {
        guard let data = FileManager.default.contents(atPath: Self.folder + "/" + path) else { return nil }
        self.path = path
        source = SourceFile(name: Array(path.utf8), bytes: [UInt8](data))
        let lines = String(decoding: data, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
        for (index, line) in lines.enumerated() {
            if let range = line.range(of: "// expect: ") {
                output.append(String(line[range.upperBound...]))
            } else if line.hasSuffix("// expect:") {
                output.append("")
            } else if let range = line.range(of: "// expect error: ") {
                error = String(line[range.upperBound...])
                let hasCode = !line[..<range.lowerBound].trimmingCharacters(in: .whitespaces).isEmpty
                errorLine = hasCode ? UInt32(index + 1) : nil
            } else if let range = line.range(of: "// expect warning: ") {
                warning = String(line[range.upperBound...])
            }
        }
    }

    /// What is wrong with the program's behaviour; nil when it is as expected.
    func failure() -> String? {
        var options = CompileOptions()
        options.isStrict = warning != nil
        let program: CompiledProgram
        do {
            program = try HexaCompiler.compile(source, options: options, load: load)
        } catch {
            guard let diagnostic = error.diagnostics.first(where: { $0.severity == .error }) else {
                return "no diagnostic"
            }
            return compare(
                error: diagnostic.message + (diagnostic.hint.map { " hint: " + $0 } ?? ""),
                diagnostic.position.line, "")
        }
        if let warning, !program.warnings.contains(where: { $0.message.contains(warning) }) {
            return "expected a warning"
        }
        do {
            // By way of the file format, so that every program also tests it.
            let module = try BytecodeModule(decoding: program.module.encoded())
            guard module == program.module else { return "the module changed in its file" }
            return run(Machine(try VerifiedModule(verifying: module)))
        } catch {
            return "refused: \(error)"
        }
    }

    private func run(_ machine: Machine) -> String? {
        var text = ""
        var driver = TestDriver()
        // Small slices, so that every program is suspended often.
        for _ in 0..<200_000 {
            let outcome = machine.run(fuel: 1_000)
            text += String(decoding: machine.takeOutput(), as: UTF8.self)
            switch outcome {
            case .yielded: continue
            case .kernelCall(let request):
                switch driver.answer(request) {
                case .success(let value): machine.answer(value)
                case .failure(let error): machine.answer(error)
                }
            case .finished, .exited: return compare(error: nil, 0, text)
            case .failed(let failure):
                let message = String(decoding: failure.kind + Array(": ".utf8) + failure.message, as: UTF8.self)
                return compare(error: message, failure.trace.first?.position.line ?? 0, text)
            }
        }
        return "it does not end"
    }

    private func compare(error found: String?, _ line: UInt32, _ text: String) -> String? {
        switch (error, found) {
        case (nil, let found?): return "unexpected error on line \(line): \(found)"
        case (let wanted?, nil): return "expected error: \(wanted)"
        case (let wanted?, let found?):
            guard found.contains(wanted) else { return "expected error: \(wanted), got: \(found)" }
            if let errorLine, errorLine != line {
                return "expected the error on line \(errorLine), it is on line \(line)"
            }
        default: break
        }
        let wanted = output.map { $0 + "\n" }.joined()
        return wanted == text ? nil : "expected output:\n\(wanted)got:\n\(text)"
    }

    private func load(_ path: [UInt8], _ from: SourceFile) -> SourceFile? {
        let folder = URL(fileURLWithPath: Self.folder + "/" + self.path).deletingLastPathComponent().path
        let name = String(decoding: path, as: UTF8.self)
        guard let data = FileManager.default.contents(atPath: folder + "/" + name + ".hexa") else { return nil }
        return SourceFile(name: path, bytes: [UInt8](data))
    }
}

/// Answers kernel calls as an appliance with little to give: a stream of two tokens, no right to infer, no files.
struct TestDriver {
    private var tokensLeft = 2

    mutating func answer(_ request: KernelRequest) -> Result<HostValue, KernelError> {
        switch request.call {
        case .stream: return .success(.handle(3))
        case .streamNext:
            tokensLeft -= 1
            return .success(tokensLeft >= 0 ? .string("token") : .void)
        case .exists: return .success(.bool(false))
        case .tokenize: return .success(.array([.int(1), .int(2)]))
        case .request: return .success(.map([(key: .string("path"), value: .string("/"))]))
        case .infer: return .failure(KernelError(.denied, "infer is not granted"))
        default: return .failure(KernelError(.unavailable, "\(request.call.signature.name) is not here"))
        }
    }
}
