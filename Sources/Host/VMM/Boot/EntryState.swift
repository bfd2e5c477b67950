import CKVM

/// The state in which the first processor starts a PVH kernel (Xen docs/misc/pvh.pandoc): 32-bit protected mode, flat
/// segments, no paging, EBX = the address of `hvm_start_info`.
struct EntryState {
    let entry: UInt32
    let startInfo: UInt32

    var registers: kvm_regs {
        var registers = kvm_regs()
        registers.rip = UInt64(entry)
        registers.rbx = UInt64(startInfo)
        // Bit 1 is always set.
        registers.rflags = 1 << 1
        return registers
    }

    /// Changes what differs from the state after a reset.
    func apply(to special: inout kvm_sregs) {
        special.cs = Self.segment(selector: 0x08, type: 0xb)
        let data = Self.segment(selector: 0x10, type: 0x3)
        special.ds = data
        special.es = data
        special.ss = data
        special.fs = data
        special.gs = data
        // A busy 32-bit task state of the least size.
        special.tr = Self.segment(selector: 0x18, type: 0xb)
        special.tr.limit = 0x67
        special.tr.s = 0
        special.tr.g = 0
        special.tr.db = 0
        special.gdt.limit = 0
        special.idt.limit = 0
        special.cr0 = 1
        special.cr3 = 0
        special.cr4 = 0
        special.efer = 0
    }

    /// A flat 4 GiB segment of 32 bits (SDM vol. 3, 3.4.5), of privilege level 0.
    private static func segment(selector: UInt16, type: UInt8) -> kvm_segment {
        var segment = kvm_segment()
        segment.limit = 0xffff_ffff
        segment.selector = selector
        segment.type = type
        segment.present = 1
        segment.db = 1
        segment.s = 1
        segment.g = 1
        return segment
    }
}
