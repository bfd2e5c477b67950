import TestSupport
import Testing
@testable import Virtio

@Suite("Devices announced on the command line")
struct CommandLineTests {
    private func parse(_ line: String) throws(MMIODeviceError) -> [MMIODevice] {
        try MMIODevice.devices(inCommandLine: Array(line.utf8).span)
    }

    private func error(_ line: String) -> MMIODeviceError? {
        do throws(MMIODeviceError) {
            _ = try parse(line)
            return nil
        } catch {
            return error
        }
    }

    @Test("QEMU's form: decimal size, hexadecimal address")
    func qemu() throws {
        let devices = try parse(
            "console=ttyS0 virtio_mmio.device=512@0xfeb00e00:12 port=80 virtio_mmio.device=512@0xfeb00c00:11")
        #expect(
            devices == [
                MMIODevice(address: 0xfeb0_0e00, byteCount: 512, interrupt: 12),
                MMIODevice(address: 0xfeb0_0c00, byteCount: 512, interrupt: 11),
            ])
    }

    @Test("Firecracker's form: size with a suffix")
    func firecracker() throws {
        #expect(
            try parse("virtio_mmio.device=4K@0xd0000000:5")
                == [MMIODevice(address: 0xd000_0000, byteCount: 4096, interrupt: 5)])
    }

    @Test(
        "All that Linux accepts: dashes, quotes, octal, suffixes, an identifier",
        arguments: [
            "virtio-mmio.device=0x1000@3328M:5", "\"virtio_mmio.device=4k@0xD0000000:5\"",
            "virtio_mmio.device=010000@0xd0000000:05:7", "\tvirtio_mmio.device=4096@0xd0000000:0x5:0\n",
            "virtio_mmio.device=4K@0xd0000000:5\0virtio_mmio.device=junk",
            "virtio_mmio.device=4K@0xd0000000:5 -- virtio_mmio.device=junk",
        ])
    func linuxForms(_ line: String) throws {
        #expect(try parse(line) == [MMIODevice(address: 0xd000_0000, byteCount: 4096, interrupt: 5)])
    }

    @Test(
        "Other parameters are passed over",
        arguments: [
            "", " ", "quiet", "virtio_mmio.devices=1", "xvirtio_mmio.device=1", "virtio_mmio.device", "--",
        ])
    func others(_ line: String) throws {
        #expect(try parse(line).isEmpty)
    }

    @Test("A bad device is refused with its place")
    func bad() {
        #expect(error("virtio_mmio.device=") == .malformed(field: .size, offset: 19))
        #expect(error("virtio_mmio.device=4K") == .malformed(field: .size, offset: 21))
        #expect(error("virtio_mmio.device=4KQ@1:1") == .malformed(field: .size, offset: 21))
        #expect(error("virtio_mmio.device=0x@1:1") == .malformed(field: .size, offset: 19))
        #expect(error("virtio_mmio.device=4K@:1") == .malformed(field: .address, offset: 22))
        #expect(error("virtio_mmio.device=4K@0x1000") == .malformed(field: .address, offset: 28))
        #expect(error("virtio_mmio.device=4K@0x1000:") == .malformed(field: .interrupt, offset: 29))
        #expect(error("virtio_mmio.device=4K@0x1000:-5") == .malformed(field: .interrupt, offset: 29))
        #expect(error("virtio_mmio.device=4K@0x1000:5x") == .malformed(field: .interrupt, offset: 30))
        #expect(error("virtio_mmio.device=4K@0x1000:5:") == .malformed(field: .identifier, offset: 31))
        #expect(error("virtio_mmio.device=4K@0x1000:5:1:2") == .malformed(field: .identifier, offset: 32))
    }

    @Test("Values that cannot be are refused")
    func impossible() {
        #expect(error("virtio_mmio.device=255@0x1000:5") == .sizeTooSmall(byteCount: 255, offset: 19))
        #expect(error("virtio_mmio.device=256@0x1002:5") == .addressUnusable(address: 0x1002, offset: 23))
        #expect(
            error("virtio_mmio.device=4K@0xfffffffffffff000:5")
                == .addressUnusable(address: 0xffff_ffff_ffff_f000, offset: 22))
        #expect(error("virtio_mmio.device=4K@0x10000000000000000:5") == .numberTooLarge(field: .address, offset: 22))
        #expect(error("virtio_mmio.device=0x8000000000000000K@0:5") == .numberTooLarge(field: .size, offset: 19))
        #expect(error("virtio_mmio.device=4K@0x1000:0") == .interruptOutOfRange(offset: 29))
        #expect(error("virtio_mmio.device=4K@0x1000:256") == .interruptOutOfRange(offset: 29))
        #expect(
            error("virtio_mmio.device=4K@0x1000:5 virtio_mmio.device=512@0x1e00:6")
                == .overlapping(address: 0x1e00, offset: 50))
    }

    @Test("The number of devices and the length of the line are bounded")
    func bounds() throws {
        func line(_ count: Int) -> String {
            (0..<count).map { "virtio_mmio.device=512@\($0 * 512):5" }.joined(separator: " ")
        }
        #expect(try parse(line(VirtioLimits.commandLineDevicesMax)).count == VirtioLimits.commandLineDevicesMax)
        guard case .tooManyDevices = error(line(VirtioLimits.commandLineDevicesMax + 1)) else {
            Issue.record("one device too many was accepted")
            return
        }
        #expect(try parse(String(repeating: " ", count: VirtioLimits.commandLineBytesMax)).isEmpty)
        #expect(
            error(String(repeating: " ", count: VirtioLimits.commandLineBytesMax + 1))
                == .commandLineTooLong(byteCount: VirtioLimits.commandLineBytesMax + 1))
    }

    @Test("Random bytes never trap")
    func fuzz() {
        var random = SplitMix64(seed: 7)
        let alphabet = Array("virtio_mmio.device=0123456789xKMG@:-\" \0".utf8)
        for _ in 0..<2000 {
            var line = Bool.random(using: &random) ? Array("virtio_mmio.device=".utf8) : []
            for _ in 0..<Int.random(in: 0..<40, using: &random) {
                line.append(alphabet.randomElement(using: &random)!)
            }
            _ = try? MMIODevice.devices(inCommandLine: line.span)
        }
    }
}
