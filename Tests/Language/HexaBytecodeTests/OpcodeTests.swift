import Foundation
import TestSupport
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

    @Test("docs/bytecode.md lists every opcode with its number, operands and effect")
    func documentation() throws {
        let text = try String(contentsOf: Repository.file("docs/bytecode.md"), encoding: .utf8)
        for opcode in Opcode.allCases {
            let layout = opcode.layout
            let operands = [layout.a, layout.b, layout.c, layout.d].map(\.letter).joined()
            let effect = "\(layout.summary)".replacingOccurrences(of: "|", with: "or")
            #expect(text.contains("| \(opcode.rawValue) | `\(opcode)` | `\(operands)` | \(effect) |\n"))
        }
        #expect(text.contains("| 4 | the version, \(ModuleFormat.version) |"))
    }
}

extension OperandKind {
    /// How docs/bytecode.md writes it.
    var letter: String {
        switch self {
        case .unused: "-"
        case .register: "r"
        case .immediate: "i"
        case .immediateHalf: "h"
        case .flag: "f"
        case .count: "n"
        case .constant: "K"
        case .function: "F"
        case .global: "G"
        case .name: "N"
        case .type: "T"
        case .nominal: "S"
        case .capture: "C"
        case .variant: "V"
        case .builtin: "B"
        case .kernelCall: "X"
        case .jump: "j"
        }
    }
}
