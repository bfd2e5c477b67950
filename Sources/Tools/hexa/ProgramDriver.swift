import HexaBytecode
import HexaLang
import HexaVM

/// Runs a machine on this computer: prints its output, answers its calls, describes its failure.
struct ProgramDriver {
    let machine: Machine
    let sources: [SourceFile]
    /// Keep what the program prints instead of showing it.
    var isQuiet = false

    /// Calls and loop iterations between two looks at the output.
    private static let sliceFuel = 10_000_000

    enum End {
        case finished
        case exited(Int32)
        case failed(ProgramFailure)
    }

    func run() -> End {
        while true {
            let outcome = machine.run(fuel: Self.sliceFuel)
            flush()
            switch outcome {
            case .yielded: continue
            case .kernelCall(let request):
                switch HostServices.answer(request) {
                case .success(let value): machine.answer(value)
                case .failure(let error): machine.answer(error)
                }
            case .finished: return .finished
            case .exited(let code): return .exited(Int32(truncatingIfNeeded: code))
            case .failed(let failure): return .failed(failure)
            }
        }
    }

    private func flush() {
        let output = machine.takeOutput(), errors = machine.takeErrorOutput()
        guard !isQuiet else { return }
        if !output.isEmpty { Console.write(output) }
        if !errors.isEmpty { Console.write(errors, to: 2) }
    }

    /// The failure like a compiler's error, then the calls that led to it.
    func describe(_ failure: ProgramFailure) -> String {
        let kind = String(decoding: failure.kind, as: UTF8.self)
        let message = kind + ": " + String(decoding: failure.message, as: UTF8.self)
        guard let place = failure.trace.first else { return "error: \(message)\n" }
        let source = sources.first { $0.name == place.file }
        var text = Diagnostic.render(
            file: place.file, position: place.position, label: "error", message: message,
            line: source?.line(Int(place.position.line)) ?? [], width: 1, hint: nil
        )
        var calls: [(text: String, count: Int)] = []
        for entry in failure.trace.dropFirst()
        where entry.position.line > 0
            && entry.function.first != UInt8(ascii: "(")
        {
            let name = String(decoding: entry.function, as: UTF8.self)
            let call = "called in \(name) at \(String(decoding: entry.file, as: UTF8.self)):\(entry.position.line)"
            if calls.last?.text == call { calls[calls.count - 1].count += 1 } else { calls.append((call, 1)) }
        }
        for call in calls { text += "  \(call.text)" + (call.count > 1 ? ", \(call.count) times\n" : "\n") }
        if failure.trace.count == ProgramFailure.traceEntriesMax { text += "  and so on\n" }
        return text
    }
}
