import Boot
import GuestInterface
import KernelCore

/// Walks saved frame pointers and names the functions they return into.
enum Backtrace {
    private static var depthMax: Int { 48 }
    /// The runtime marks an asynchronous frame by bit 60 of the saved frame pointer.
    private static var asyncFrameMark: UInt64 { 1 << 60 }

    static func write(framePointer: UInt64, from instruction: UInt64? = nil) {
        if let instruction { writeFrame(instruction) }
        var frame = framePointer & ~asyncFrameMark
        for _ in 0..<depthMax {
            guard let words = words(of: frame) else { return }
            let next = words[0] & ~asyncFrameMark
            guard words[1] != 0 else { return }
            // A return address may belong to the next function when the call was the last instruction.
            writeFrame(words[1] - 1)
            guard next > frame else { return }
            frame = next
        }
    }

    /// The saved frame pointer and return address at `frame`, if that lies on one of the kernel's stacks.
    private static func words(of frame: UInt64) -> UnsafePointer<UInt64>? {
        let image = boot_image()
        let guarded = image.boot_stack_guard + Limits.pageBytes
        guard frame % 8 == 0, frame >= guarded, frame < image.fault_stack_top - 16 else { return nil }
        // SAFETY: both words lie on a stack of the image, which stays mapped.
        return UnsafePointer(bitPattern: UInt(frame))
    }

    private static func writeFrame(_ instruction: UInt64) {
        Machine.log.write(.error) { line in
            line.append("    at ")
            line.append(hexadecimal: instruction, width: 8)
            append(symbolAt: instruction, to: &line)
        }
    }

    private static func append(symbolAt instruction: UInt64, to line: inout LogLine) {
        let image = boot_image()
        // SAFETY: the image's own symbols lie between the two addresses.
        let bytes = UnsafeRawBufferPointer(
            start: UnsafeRawPointer(bitPattern: UInt(image.symbols_start)),
            count: Int(image.symbols_end - image.symbols_start))
        guard instruction >= image.text_start, instruction < image.stub_text_end, let symbols = SymbolTable(bytes),
            let symbol = symbols.lookUp(instruction)
        else { return }
        line.append(" ")
        line.append(bytes: symbol.name)
        line.append(" + ")
        line.append(decimal: symbol.offset)
    }
}
