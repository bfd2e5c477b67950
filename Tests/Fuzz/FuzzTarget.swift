import Glibc

/// What can be fuzzed: everything that reads bytes from outside. `scripts/fuzz` names one in the environment variable
/// `HEXA_FUZZ_TARGET`; one program holds them all, so that it is built once.
///
/// A target must not trap on any input. Some check a property as well, with `precondition`.
enum FuzzTarget: String, CaseIterable {
    case bytecode, configuration, elf, gguf, hexa, http, hxm, json, law, net, template, vmm

    static let selected: FuzzTarget = {
        let name = getenv("HEXA_FUZZ_TARGET").map { String(cString: $0) } ?? ""
        guard let target = FuzzTarget(rawValue: name) else {
            let known = allCases.map(\.rawValue).joined(separator: ", ")
            fatalError("HEXA_FUZZ_TARGET must be one of \(known)")
        }
        return target
    }()

    func run(_ input: FuzzInput) {
        switch self {
        case .bytecode: fuzzBytecode(input.rest)
        case .configuration: fuzzConfiguration(input.rest)
        case .elf: fuzzELF(input.rest)
        case .gguf: fuzzGGUF(input.rest)
        case .hexa: fuzzHexa(input.rest)
        case .http: fuzzHTTP(input)
        case .hxm: fuzzHXM(input.rest)
        case .json: fuzzJSON(input.rest)
        case .law: fuzzLaw(input.rest)
        case .net: fuzzNet(input)
        case .template: fuzzTemplate(input.rest)
        case .vmm: fuzzVMM(input)
        }
    }
}
