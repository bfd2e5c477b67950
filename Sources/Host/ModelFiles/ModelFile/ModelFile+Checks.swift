import ChatTemplates
import Glibc
import HostFiles
import HostSystem
import Tokenizers
import Transformer

extension ModelFile {
    /// How much of the file a check reads.
    public enum Thoroughness: Sendable {
        /// Shapes, the tensor directory and the chat template: milliseconds, before every boot.
        case quick
        /// The vocabulary as well, which takes a tenth of a second and which the kernel checks anyway.
        case full
    }

    /// The shape of the model, if it is one that the engine runs: the kernel's own checks, made before it boots.
    public func check(_ thoroughness: Thoroughness) throws(ModelFileError) -> ModelConfiguration {
        try check { configuration, bytes in
            if thoroughness == .full { _ = try Tokenizer(container, mapped: bytes) }
            return configuration
        }
    }

    /// The tokenizer of a model that has passed the full check.
    func checkedTokenizer() throws(ModelFileError) -> Tokenizer {
        try check { _, bytes in try Tokenizer(container, bytes: bytes.bytes) }
    }

    /// What `body` makes of a model whose shape, tensors and template have been found good.
    private func check<Result>(
        _ body: (ModelConfiguration, UnsafeRawBufferPointer) throws -> Result
    ) throws(ModelFileError) -> Result {
        do {
            let configuration = try ModelConfiguration(container)
            _ = try ChatTemplate(stated: container[ChatTemplate.metadataKey]?.string)
            return try withMapping { bytes in
                _ = try TransformerWeights(container, configuration, bytes: bytes)
                return try body(configuration, bytes)
            }
        } catch let error as TemplateError {
            throw .invalid(path: path, reason: "tokenizer.chat_template: \(error.description)")
        } catch let error as FileError {
            throw .file(error)
        } catch {
            // What a model is refused for describes itself in one line.
            throw .invalid(path: path, reason: "\(error)")
        }
    }

    /// What comparing all tensors with their checksums found out.
    public enum Verification: Sendable {
        case passed
        /// The format has no checksums.
        case impossible
    }

    /// Reads all tensors and compares them with their checksums, and the tokenizer's tables with its metadata.
    ///
    /// - Parameter progress: told the share done, `0...1`.
    public func verify(progress: (Double) -> Void) throws(ModelFileError) -> Verification {
        guard container.format == .hxm else { return .impossible }
        let total = Double(max(container.tensors.reduce(0) { $0 + $1.byteCount }, 1))
        do {
            try withMapping { bytes in
                try container.verifyTokenizerTables(in: bytes)
                try container.verifyTensors(in: bytes) { progress(Double($0) / total) }
            }
            return .passed
        } catch let error as FileError {
            throw .file(error)
        } catch {
            throw .invalid(path: path, reason: "\(error)")
        }
    }

    /// Lends the whole file, mapped read-only. Only pages that are looked at are read.
    func withMapping<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) throws -> Result {
        let file = FileDescriptor(owning: open(path, O_RDONLY | O_CLOEXEC))
        let mapping = try FileMapping(file, byteCount: byteCount, path: path)
        return try body(mapping.bytes)
    }
}
