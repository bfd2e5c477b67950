/// Reads the files of a program, following `use`.
struct ProgramLoader {
    let program: Program
    /// Finds the file of a `use` path, as seen from the file that names it; nil when there is none.
    let load: (_ path: [UInt8], _ from: SourceFile) -> SourceFile?
    private var byName: [[UInt8]: LoadedFile] = [:]
    private var loading: [[UInt8]] = []

    init(_ program: Program, load: @escaping (_ path: [UInt8], _ from: SourceFile) -> SourceFile?) {
        self.program = program
        self.load = load
    }

    /// Parses a file and all it uses; appends them to the program, used ones first.
    mutating func add(_ source: SourceFile) throws(Diagnostic) -> LoadedFile {
        guard source.bytes.count <= LanguageLimits.fileBytesMax else {
            throw Diagnostic("the file is larger than 16 MiB", in: source, at: SourceRange(0, 1))
        }
        if let bad = firstInvalidByte(source.bytes) {
            throw Diagnostic("the file is not valid UTF-8", in: source, at: SourceRange(bad, bad + 1))
        }
        var lexer = Lexer(source)
        try lexer.run()
        var parser = Parser(
            file: source, tokens: lexer.tokens, interner: program.interner,
            functionCount: program.functionCount)
        let block = try parser.parseFile()
        let main = parser.makeFunction(program.interner.intern("(top level)"), SourceRange(0, 0), block)
        program.functionCount = parser.functionCount
        let file = LoadedFile(source, main)
        let strictLine = Array("#!hexa strict".utf8)
        file.isStrict = source.bytes.starts(with: strictLine)
        byName[source.name] = file
        loading.append(source.name)
        for statement in block.statements {
            guard case .item(.use(let path, let range)) = statement else { continue }
            file.used.append((path, range, try used(path, range, by: source)))
        }
        loading.removeLast()
        program.files.append(file)
        return file
    }

    private mutating func used(
        _ path: [UInt8], _ range: SourceRange,
        by source: SourceFile
    ) throws(Diagnostic) -> LoadedFile {
        let shown = String(decoding: path, as: UTF8.self)
        guard program.files.count + loading.count < LanguageLimits.filesMax, loading.count < 64 else {
            throw Diagnostic("too many files use one another", in: source, at: range)
        }
        guard let target = load(path, source) else {
            throw Diagnostic(
                "there is no module \"\(shown)\"", in: source, at: range,
                hint: "paths are relative to this file, without .hexa")
        }
        if loading.contains(target.name) {
            throw Diagnostic(
                "\"\(shown)\" uses this file in turn", in: source, at: range,
                hint: "move what both need into a third file")
        }
        if let loaded = byName[target.name] { return loaded }
        return try add(target)
    }

    private func firstInvalidByte(_ bytes: [UInt8]) -> Int? {
        guard !UTF8Check.isValid(bytes) else { return nil }
        return UTF8Check.firstInvalid(bytes)
    }
}
