/// A module that the verifier has proved safe. The machine accepts nothing else, and relies on what is proved here and
/// on nothing more:
///
/// - every instruction has a known opcode, and unused operands are zero;
/// - every register, and every span of registers, lies in the frame;
/// - every constant, name, global, type, function and capture index is in its table;
/// - every jump and exception handler lands on an instruction of its function, and control cannot run off the end;
/// - static calls pass as many arguments as the callee has parameters, and closures get all their captures.
///
/// What values registers hold is not proved: the machine checks types as it runs.
public struct VerifiedModule: Sendable {
    public let module: BytecodeModule

    public init(verifying module: BytecodeModule) throws(VerificationError) {
        try TableVerifier(module: module).verify()
        for index in module.functions.indices {
            try FunctionVerifier(module: module, index: index).verify()
        }
        self.module = module
    }
}
