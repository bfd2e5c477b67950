import Glibc
import Testing

@testable import Machines

@Suite("Checks before the boot")
struct PreflightTests {
    @Test("a missing emulator is named with the package that has it")
    func emulator() throws {
        let error = try #require(throws: MissingProgram.self) {
            try ProgramSearch.locate(QEMUCommand.program, searchPath: "/nowhere:/neither")
        }
        #expect(error == .qemu)
        #expect(error.description.contains("qemu-system-x86"))
        #expect(throws: MissingProgram.firecracker) {
            try ProgramSearch.locate(FirecrackerCommand.program, orElse: .firecracker, searchPath: "/nowhere")
        }
        #expect(try ProgramSearch.locate("sh", searchPath: "/nowhere:/bin") == "/bin/sh")
    }

    @Test("KVM is used when it works, replaced when it does not, and demanded when asked for")
    func accelerators() throws {
        let broken: () -> Int32 = { EACCES }
        #expect(try Accelerator.choose(.auto, probe: { 0 }) == .init(accelerator: .kvm, fallbackReason: nil))
        let fallback = try Accelerator.choose(.auto, probe: broken)
        #expect(fallback.accelerator == .tcg)
        #expect(fallback.fallbackReason == "/dev/kvm: Permission denied")
        #expect(try Accelerator.choose(.tcg, probe: broken).fallbackReason == nil)
        let error = try #require(throws: KVMUnusable.self) { try Accelerator.choose(.kvm, probe: broken) }
        #expect(error.exitCode.rawValue == 69)
        #expect(error.description.contains("--accel tcg"))
    }
}
