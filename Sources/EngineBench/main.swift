import Foundation
import Model
import Tensor

// engine-bench MODEL.gguf [PROMPT-TOKENS [GENERATED-TOKENS [VARIANT]]]
//
// Tokens a second of the inference engine alone, on one core, for every kernel variant the processor has (or VARIANT):
// prefill in full batches, and decode of one sequence after the prompt. Time is the thread's CPU time, so that other
// load on the machine does not count as ours; of three runs the best is printed, for such load only ever harms the
// caches.

func fail(_ message: String) -> Never {
    FileHandle.standardError.write(Data("engine-bench: \(message)\n".utf8))
    exit(1)
}

func seconds(_ work: () -> Void) -> Double {
    let start = threadSeconds()
    work()
    return threadSeconds() - start
}

func threadSeconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
}

let arguments = CommandLine.arguments.dropFirst()
guard let path = arguments.first else {
    fail("usage: engine-bench MODEL.gguf [PROMPT-TOKENS [GENERATED-TOKENS [portable|avx2|avx512]]]")
}
let counts = arguments.dropFirst().prefix(2).map { Int($0) ?? 0 }
guard arguments.count <= 4, counts.allSatisfy({ $0 > 0 }) else { fail("token counts are positive numbers") }
let onlyVariant = arguments.count == 4 ? arguments.last : nil
let promptCount = counts.first ?? 512
let generatedCount = counts.count > 1 ? counts[1] : 64

/// The file's bytes in huge pages, which is how the kernel holds weights. Never freed: they serve as long as we run.
func load(_ path: String) -> UnsafeMutableRawBufferPointer {
    let file = open(path, O_RDONLY)
    guard file >= 0 else { fail("cannot open \(path)") }
    let size = Int(lseek(file, 0, SEEK_END))
    var address: UnsafeMutableRawPointer?
    guard size > 0, posix_memalign(&address, 2 << 20, size) == 0, let address else { fail("no memory for \(path)") }
    madvise(address, size, Int32(MADV_HUGEPAGE))
    var offset = 0
    while offset < size {
        let count = pread(file, address + offset, size - offset, offset)
        guard count > 0 else { fail("cannot read \(path)") }
        offset += count
    }
    close(file)
    return UnsafeMutableRawBufferPointer(start: address, count: size)
}

func loadWeights() -> TransformerWeights {
    let bytes = load(path)
    do {
        var container = try ModelContainer(RawSpan(_unsafeBytes: UnsafeRawBufferPointer(bytes)))
        container.repack(in: bytes, crew: LaneCrew())
        return try TransformerWeights(
            container, ModelConfiguration(container), bytes: UnsafeRawBufferPointer(bytes))
    } catch {
        fail("\(path): \(error)")
    }
}

/// Tokens a second of one prompt and one continuation.
func measure(_ model: inout Transformer) -> (prefill: Double, decode: Double) {
    guard let sequence = model.openSequence(reserving: promptCount + generatedCount) else { fail("no room") }
    let tokens = (0..<promptCount).map { TokenID(($0 * 7919 + 13) % model.vocabularySize) }
    var batch = Batch()
    let prefill = seconds {
        var start = 0
        while start < promptCount {
            let end = min(start + model.batchCapacity, promptCount)
            batch.removeAll()
            batch.append(tokens[start..<end], to: sequence, logits: end == promptCount ? .last : .none)
            model.begin(batch)
            while !model.advance() {}
            start = end
        }
    }
    let decode = seconds {
        for step in 0..<generatedCount {
            batch.removeAll()
            batch.append(CollectionOfOne(tokens[step % promptCount]), to: sequence, logits: .last)
            model.begin(batch)
            while !model.advance() {}
        }
    }
    model.closeSequence(sequence)
    return (Double(promptCount) / prefill, Double(generatedCount) / decode)
}

let weights = loadWeights()
let capacity = TransformerCapacity(
    contextLength: promptCount + generatedCount, sequenceCount: 1, cachedTokenCount: promptCount + generatedCount)
let features = CPUFeatures.ofThisProcessor()
for variant in InstructionSet.allCases where variant.isSupported(by: features) {
    guard onlyVariant == nil || onlyVariant == "\(variant)" else { continue }
    var model = Transformer(weights, capacity: capacity, instructionSet: variant)
    var best = (prefill: 0.0, decode: 0.0)
    for _ in 0..<(variant == .portable ? 1 : 3) {
        let run = measure(&model)
        best = (max(best.prefill, run.prefill), max(best.decode, run.decode))
    }
    print("\(variant): prefill \(promptCount) tokens \(Int(best.prefill)) tok/s, decode \(Int(best.decode)) tok/s")
}
