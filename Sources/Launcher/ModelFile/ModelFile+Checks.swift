import Glibc
import Model

extension ModelFile {
    /// How much of the file a check reads.
    public enum Thoroughness: Sendable {
        /// Shapes, the tensor directory and the chat template: milliseconds, before every boot.
        case quick
        /// The vocabulary as well, which takes a tenth of a second and which the kernel checks anyway.
        case full
    }

    /// The shape of the model, if it is one that the engine runs: the kernel's own checks, made before it boots.
    public func check(_ thoroughness: Thoroughness) throws(LaunchError) -> ModelConfiguration {
        do {
            let configuration = try ModelConfiguration(container)
            try withMapping { bytes in
                _ = try TransformerWeights(container, configuration, bytes: bytes)
                if thoroughness == .full { _ = try Tokenizer(container, bytes: bytes.bytes) }
            }
            _ = try ChatTemplate(container)
            return configuration
        } catch let error as TemplateError {
            throw .modelInvalid(path: path, reason: "tokenizer.chat_template: \(error.description)")
        } catch let error as LaunchError {
            throw error
        } catch {
            // What a model is refused for describes itself in one line.
            throw .modelInvalid(path: path, reason: "\(error)")
        }
    }

    /// What comparing all tensors with their checksums found out.
    public enum Verification: Sendable {
        case passed
        /// The format has no checksums.
        case impossible
    }

    /// Reads all tensors and compares them with their checksums.
    ///
    /// - Parameter progress: told the share done, `0...1`.
    public func verify(progress: (Double) -> Void) throws(LaunchError) -> Verification {
        guard container.format == .hxm else { return .impossible }
        let total = Double(max(container.tensors.reduce(0) { $0 + $1.byteCount }, 1))
        do {
            try withMapping { bytes in
                try container.verifyTensors(in: bytes) { progress(Double($0) / total) }
            }
            return .passed
        } catch let error as LaunchError {
            throw error
        } catch {
            throw .modelInvalid(path: path, reason: "\(error)")
        }
    }

    /// Lends the whole file, mapped read-only. Only pages that are looked at are read.
    func withMapping(_ body: (UnsafeRawBufferPointer) throws -> Void) throws {
        let file = FileDescriptor(owning: open(path, O_RDONLY | O_CLOEXEC))
        let address = mmap(nil, byteCount, PROT_READ, MAP_PRIVATE, file.number, 0)
        guard let address, address != MAP_FAILED else {
            throw LaunchError.fileUnreadable(path: path, reason: errorText(errno), hint: "it cannot be mapped")
        }
        defer { munmap(address, byteCount) }
        try body(UnsafeRawBufferPointer(start: address, count: byteCount))
    }
}
