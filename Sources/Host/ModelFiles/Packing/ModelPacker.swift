import Glibc
import HostErrors
import HostFiles
import ModelFormats

/// Turns a GGUF file into an HXM file (`docs/hxm.md`), tensor by tensor: memory holds the largest one, and the model's
/// pages as the host sees fit.
public struct ModelPacker {
    private let model: ModelFile
    private let plan: PackedPlan

    public var fileByteCount: Int { plan.fileByteCount }

    /// Plans the packing of a model that can be served; others are refused as `run` refuses them.
    public init(_ model: ModelFile) throws(PackingError) {
        guard model.container.format == .gguf else { throw .alreadyPacked(path: model.path) }
        self.model = model
        let tokenizer = try failing(as: PackingError.model) { () throws(ModelFileError) in
            try model.checkedTokenizer()
        }
        plan = PackedPlan(model.container, tokenizer: tokenizer.encodedTables)
    }

    /// Where the packed model goes when nothing else is said: beside the model, as `.hxm`.
    public static func defaultPath(for modelPath: String) -> String {
        (modelPath.lowercased().hasSuffix(".gguf") ? String(modelPath.dropLast(5)) : modelPath) + ".hxm"
    }

    /// Writes the file.
    ///
    /// - Parameters:
    ///   - path: the new file's name; it has it only when the file is whole.
    ///   - replacesExisting: whether a file of that name is replaced.
    ///   - progress: told the share done, `0...1`, after each tensor; false stops the work.
    public func write(
        to path: String, replacesExisting: Bool, progress: (Double) -> Bool
    ) throws(PackingError) {
        guard realpathOf(path) != model.path else {
            throw .output(.unwritable(path: path, reason: "it is the model itself"))
        }
        do {
            let file = try OutputFile(
                path: path, byteCount: plan.fileByteCount, replacesExisting: replacesExisting)
            var output = PieceWriter(
                file, fileByteCount: plan.fileByteCount,
                headByteCount: plan.placements.first?.offset ?? plan.fileByteCount)
            try model.withMapping { bytes in
                let checksums = try writeTensors(bytes, to: &output, progress)
                try output.complete(head: plan.header(source: bytes.bytes, checksums: checksums))
            }
        } catch let error as PackingError {
            throw error
        } catch let error as FileError {
            throw .output(error)
        } catch {
            throw .output(.unwritable(path: path, reason: "\(error)"))
        }
    }

    /// - Returns: the tensors' checksums, by placement.
    private func writeTensors(
        _ bytes: UnsafeRawBufferPointer, to output: inout PieceWriter, _ progress: (Double) -> Bool
    ) throws(PackingError) -> [UInt64] {
        let largest = plan.placements.reduce(0) { max($0, $1.source.byteCount) }
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: largest, alignment: 64)
        defer { buffer.deallocate() }
        var checksums: [UInt64] = []
        var writtenByteCount = 0
        for placement in plan.placements {
            let tensor = UnsafeMutableRawBufferPointer(rebasing: buffer[..<placement.source.byteCount])
            checksums.append(placement.write(from: bytes, into: tensor))
            do throws(FileError) {
                try output.write(UnsafeRawBufferPointer(tensor), at: placement.offset)
            } catch {
                throw .output(error)
            }
            writtenByteCount += tensor.count
            guard progress(Double(writtenByteCount) / Double(max(plan.tensorByteCount, 1))) else {
                throw .interrupted
            }
        }
        return checksums
    }

    private func realpathOf(_ path: String) -> String? {
        guard let resolved = realpath(path, nil) else { return nil }
        defer { free(resolved) }
        return String(cString: resolved)
    }
}
