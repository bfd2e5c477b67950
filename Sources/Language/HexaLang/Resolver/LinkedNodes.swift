/// Nodes that refer to one another in circles: a function to its callee and back, a method to its type, an inner
/// function to the one around it, a variable to itself by way of a function that reads it.
///
/// Embedded Swift has no weak references, so the circles are cut when the program goes; otherwise every compilation
/// would leave its whole syntax tree behind.
struct LinkedNodes {
    var functions: [FunctionNode] = []
    var globals: [GlobalVariable] = []

    func cut(types: [TypeDeclaration]) {
        for type in types { type.cut() }
        for function in functions { function.cut() }
        for global in globals { global.cut() }
    }
}

extension FunctionNode {
    fileprivate func cut() {
        body = Block([], range)
        parent = nil
        owner = nil
        captures = []
        parameters = []
        returnType = nil
    }
}

extension TypeDeclaration {
    fileprivate func cut() {
        if case .trait(_, let provided) = kind { for function in provided { function.cut() } }
        kind = .structure([])
        methods = [:]
        methodOrder = []
        implementers = []
    }
}

extension GlobalVariable {
    fileprivate func cut() {
        initializer = nil
        binding.global = nil
    }
}
