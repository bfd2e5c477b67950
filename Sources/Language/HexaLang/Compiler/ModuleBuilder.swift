import HexaBytecode

/// The tables of a module while it is compiled; equal entries are shared.
final class ModuleBuilder {
    var module = BytecodeModule()
    private var nameIndices: [[UInt8]: Int] = [:]
    private var constantIndices: [BytecodeModule.Constant: Int] = [:]
    private var typeIndices: [TypeDescriptor: Int] = [:]
    private var fileIndices: [[UInt8]: Int] = [:]

    func name(_ bytes: [UInt8]) -> Int {
        if let index = nameIndices[bytes] { return index }
        nameIndices[bytes] = module.names.count
        module.names.append(bytes)
        return module.names.count - 1
    }

    func constant(_ constant: BytecodeModule.Constant) -> Int {
        if let index = constantIndices[constant] { return index }
        constantIndices[constant] = module.constants.count
        module.constants.append(constant)
        return module.constants.count - 1
    }

    func type(_ type: TypeDescriptor) -> Int {
        if let index = typeIndices[type] { return index }
        typeIndices[type] = module.types.count
        module.types.append(type)
        return module.types.count - 1
    }

    func file(_ name: [UInt8]) -> Int {
        if let index = fileIndices[name] { return index }
        fileIndices[name] = module.files.count
        module.files.append(name)
        return module.files.count - 1
    }

    func newGlobal() -> Int {
        module.globalCount += 1
        return module.globalCount - 1
    }

    /// A place in the function table, to be filled when the function is compiled.
    func reserveFunction(name: Int) -> Int {
        module.functions.append(BytecodeFunction(name: name, file: 0))
        return module.functions.count - 1
    }
}
