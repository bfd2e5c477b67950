import Engine
import HostSystem
import struct GuestInterface.KernelConfiguration
import ModelFiles
import Reporting
import Serving
import Tensor
import Transformer

/// How a model file is to be served on this machine: settled before anything is loaded.
struct ServingPlan {
    let file: ModelFile
    private(set) var settings: ModelLoader.Settings

    /// Checks what can be checked from the file's header.
    init(
        _ file: ModelFile, name: String?, context: Int?, sequences: Int?, serviceLevel: ServiceLevel,
        holdsPrograms: Bool
    ) throws(ModelFileError) {
        let configuration = try file.check(.quick)
        let estimate = MemoryEstimate(
            configuration, fileByteCount: file.byteCount, contextLength: context,
            sequenceCount: sequences, holdsPrograms: holdsPrograms)
        let available = HostMemory.availableMiB() ?? estimate.mebibyteCount
        guard available >= estimate.mebibyteCountMin else {
            throw .memory(.hostTooSmall(neededMiB: estimate.mebibyteCountMin, availableMiB: available))
        }
        self.file = file
        settings = ModelLoader.Settings(
            name: name ?? file.defaultName, created: HostClock.unixSeconds, contextLength: context,
            sequenceCount: sequences ?? KernelConfiguration.sequenceCountDefault,
            memoryByteCount: (available << 20) - estimate.weights - estimate.system,
            instructionSet: .fastest(on: CPUFeatures.ofThisProcessor()))
        settings.serviceLevel = serviceLevel
    }

    /// Reads the model and makes it ready for `crew` to compute.
    func load(crew: LaneCrew) throws(ModelFileError) -> LoadedModel<Transformer> {
        let bytes = try file.load()
        let loaded: ModelLoader
        do throws(ModelLoader.Failure) {
            loaded = try ModelLoader(.exclusive(bytes), settings, crew: crew)
        } catch {
            throw .invalid(path: file.path, reason: error.message)
        }
        let capacity = loaded.capacity
        if capacity.cachedTokenCount < capacity.sequenceCount * capacity.contextLength {
            Terminal.warn(
                "memory holds \(capacity.cachedTokenCount) cached tokens, fewer than "
                    + "\(capacity.sequenceCount) sequences of \(capacity.contextLength) could use")
        }
        return loaded.model
    }
}
