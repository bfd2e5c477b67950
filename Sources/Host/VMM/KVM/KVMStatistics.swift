import CKVM
import Glibc
import HostSystem

/// What KVM counts of one processor (Documentation/virt/kvm/api.rst, KVM_GET_STATS_FD). Reading it takes nothing but
/// `pread`, so that it can be read until the end of a confined process.
final class KVMStatistics {
    private let descriptor: FileDescriptor
    private let counters: [Counter]

    private struct Counter {
        let name: String
        /// From the start of the file.
        let offset: Int
    }

    /// Nil where KVM has no such statistics, or describes them in a way that makes no sense.
    init?(of processor: borrowing KVMHandle) {
        let number = ckvm_call(processor.descriptor.number, ckvm_get_statistics, 0)
        guard number >= 0 else { return nil }
        guard let counters = Self.counters(of: number) else {
            close(number)
            return nil
        }
        descriptor = FileDescriptor(owning: number)
        self.counters = counters
    }

    private static func counters(of number: Int32) -> [Counter]? {
        guard let header = read(number, at: 0, byteCount: MemoryLayout<kvm_stats_header>.size) else { return nil }
        func field(_ index: Int) -> Int { Int(header.span.integer32(at: index * 4)) }
        let (nameByteCount, count, descriptions, values) = (field(1), field(2), field(4), field(5))
        let stride = descriptionByteCount + nameByteCount
        guard count <= countersMax, nameByteCount <= nameBytesMax,
            let table = read(number, at: descriptions, byteCount: count * stride)
        else { return nil }
        var counters: [Counter] = []
        for index in 0..<count {
            let start = index * stride
            // Histograms and what is not a sum are left out.
            guard table.span.integer32(at: start) & kindMask == cumulative,
                table.span.integer16(at: start + 6) == 1
            else { continue }
            let name = table[(start + descriptionByteCount)..<(start + stride)].prefix { $0 != 0 }
            counters.append(
                Counter(
                    name: String(decoding: name, as: UTF8.self),
                    offset: values + Int(table.span.integer32(at: start + 8))))
        }
        return counters
    }

    /// `struct kvm_stats_desc` without its name: flags, exponent (16 bits), size (16), offset, bucket size.
    private static let descriptionByteCount = 16
    private static let kindMask: UInt32 = 0xf
    private static let cumulative: UInt32 = 0
    /// Linux 6.18 has 45 counters, and names of 48 bytes.
    private static let countersMax = 1_024
    private static let nameBytesMax = 256

    /// Adds the counts to `totals`, by their names in Linux.
    func add(to totals: inout [String: UInt64]) {
        for counter in counters {
            guard let bytes = Self.read(descriptor.number, at: counter.offset, byteCount: 8) else { continue }
            totals[counter.name, default: 0] &+= bytes.span.integer64(at: 0)
        }
    }

    private static func read(_ number: Int32, at offset: Int, byteCount: Int) -> [UInt8]? {
        let bytes = [UInt8](unsafeUninitializedCapacity: byteCount) { buffer, count in
            count = max(pread(number, buffer.baseAddress, byteCount, off_t(offset)), 0)
        }
        return bytes.count == byteCount ? bytes : nil
    }
}
