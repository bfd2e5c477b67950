import Testing
@testable import HexaBytecode

@Suite("The opcode table")
struct OpcodeTests {
    @Test("mnemonics are the names of the cases")
    func mnemonics() {
        #expect(Opcode.mnemonics.count == Opcode.allCases.count)
        for opcode in Opcode.allCases { #expect(opcode.mnemonic == "\(opcode)") }
    }

    @Test("an instruction keeps its operands")
    func operands() {
        let instruction = Instruction(.jumpLessInt, a: 7, immediate: -300, d: -5)
        #expect(instruction.opcode == .jumpLessInt)
        #expect(instruction.a == 7)
        #expect(instruction.immediate == -300)
        #expect(instruction.d == -5)
        #expect(instruction.with(d: 12).d == 12)
        #expect(instruction.with(d: 12).immediate == -300)
    }
}
