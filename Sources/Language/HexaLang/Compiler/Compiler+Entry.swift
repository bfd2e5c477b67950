import HexaBytecode

extension Compiler {
    /// The function that runs the program: the top-level code of every file, used ones first, then `main` when there is
    /// one that the top-level code did not call itself.
    func addEntry(files: [LoadedFile], callsMain: Bool) -> Int {
        beginEntry(files)
        let result = builder.allocate()
        let scratch = builder.allocate()
        for file in files {
            let isLast = file === files.last
            builder.emit(.call, a: scratch, d: index(of: file.main), file.main.range)
            if isLast { builder.emit(.move, a: result, b: scratch, file.main.range) }
        }
        if callsMain, let main = files.last, !main.callsMain,
            case .function(let function)? = main.scope[interner.intern("main")]
        {
            if function.parameters.isEmpty {
                builder.emit(.call, a: scratch, d: index(of: function), function.range)
            } else {
                program.report("main takes no parameters", in: main.source, at: function.range, hint: "read args()")
            }
        }
        return addFunction(returning: program.isInteractive ? result : nil)
    }

    /// The top-level code, then one proof.
    func addProofEntry(files: [LoadedFile], proof: Int) -> Int {
        beginEntry(files)
        let scratch = builder.allocate()
        for file in files { builder.emit(.call, a: scratch, d: index(of: file.main), file.main.range) }
        builder.emit(.call, a: scratch, d: proof, SourceRange(0, 0))
        return addFunction(returning: nil)
    }

    private func beginEntry(_ files: [LoadedFile]) {
        guard let main = files.last else { return }
        builder = FunctionBuilder(
            main.main, name: modules.name(Array("(program)".utf8)),
            file: modules.file(main.source.name))
    }

    private func addFunction(returning result: Int?) -> Int {
        if let result {
            builder.emit(.returnValue, a: result, SourceRange(0, 0))
        } else {
            builder.emit(.returnVoid, SourceRange(0, 0))
        }
        let index = modules.reserveFunction(name: builder.function.name)
        modules.module.functions[index] = builder.function
        return index
    }
}
