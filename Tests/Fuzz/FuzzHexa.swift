import HexaBytecode
import HexaLang
import HexaVM

/// Source text: it compiles or is refused; what compiles survives its own encoding, passes the verifier and runs within
/// its bounds.
func fuzzHexa(_ source: [UInt8]) {
    guard let program = try? HexaCompiler.compile(SourceFile(name: Array("fuzz.hexa".utf8), bytes: source)) else {
        return
    }
    let encoded = program.module.encoded()
    guard let decoded = try? BytecodeModule(decoding: encoded) else { fatalError("its own encoding is refused") }
    precondition(decoded.encoded() == encoded, "reading and writing changed the module")
    guard let verified = try? VerifiedModule(verifying: decoded) else { fatalError("the compiler's code is refused") }
    runBriefly(verified)
}

/// A module file from anywhere: it is refused, or it runs within its bounds.
func fuzzBytecode(_ file: [UInt8]) {
    guard let module = try? BytecodeModule(decoding: file), let verified = try? VerifiedModule(verifying: module) else {
        return
    }
    runBriefly(verified)
}

/// A few slices with little memory; kernel calls are denied, as for a program without rights.
private func runBriefly(_ program: VerifiedModule) {
    var configuration = MachineConfiguration()
    configuration.heapBytesMax = 1 << 20
    let machine = Machine(program, configuration: configuration)
    for _ in 0..<8 {
        switch machine.run(fuel: 500) {
        case .yielded: break
        case .kernelCall: machine.answer(KernelError(.denied, "denied"))
        case .finished, .exited, .failed: return
        }
        _ = machine.takeOutput()
        _ = machine.takeErrorOutput()
        precondition(machine.allocatedBytes <= configuration.heapBytesMax, "more memory than the quota")
    }
}
