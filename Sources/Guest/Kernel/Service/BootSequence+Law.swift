import GuestInterface
import KernelCore
import Law
import ModelFormats
import Virtio
import _Concurrency

/// The law of `raw.json`, where the command line names a block device that holds it.
extension BootSequence {
    /// Puts the device's law in the place of the default one. One that cannot be read ends the boot: a machine that was
    /// meant to be restricted must not serve unrestricted.
    func enactLaw(_ devices: DeviceInventory) async {
        guard let index = configuration.lawDevice else { return }
        if let byteCount = configuration.lawByteCount, byteCount > UInt64(LawDocument.byteCountMax) {
            refuse("law: \(byteCount) bytes are too many; a law has at most \(LawDocument.byteCountMax)")
        }
        let file: ModelFile
        do throws(ModelFile.LoadError) {
            file = try await ModelFile.load(
                permit(Read.self, on: .blockDevice), from: devices, .block(index),
                byteCount: configuration.lawByteCount)
        } catch {
            refuse("law: \(error.message)")
        }
        // SAFETY: the file's memory is this function's until it is given back below, and the copy outlives it.
        let text = Array(file.memory.bytes)
        if case .exclusive(let bytes) = file.memory, let base = bytes.baseAddress { KernelHeap.free(base) }
        do throws(LawError) {
            law = Law(try LawDocument(parsing: text), auditKey: configuration.auditKey)
        } catch {
            refuse("law: raw.json:\(error.message)")
        }
        Machine.log.info("law: version \(law.document.version), \(law.document.subjects.count) subjects")
    }
}
