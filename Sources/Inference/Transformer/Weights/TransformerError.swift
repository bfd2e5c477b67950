import Tensor

/// Why a file's tensors do not make the transformer that its metadata describes.
public enum TransformerError: Error, Equatable, Sendable {
    case missingTensor(name: String)
    /// Tensors that this architecture does not use: leaving them out would compute something else. The first few names.
    case unknownTensors(names: [String], count: Int)
    /// Sizes are rows and columns; a vector has one row.
    case wrongShape(name: String, expectedRows: Int, expectedColumns: Int, rows: Int, columns: Int)
    /// Norms, biases and frequency factors are vectors of floats.
    case quantizedVector(name: String, type: TensorType)
    /// The tensor's bytes lie outside the memory that was handed over.
    case outsideFile(name: String)
}

extension TransformerError: CustomStringConvertible {
    /// One line that names the tensor.
    public var description: String {
        switch self {
        case .missingTensor(let name):
            "tensor '" + name + "' is missing"
        case .unknownTensors(let names, let count):
            "unknown tensor" + (count == 1 ? " " : "s ") + names.map { "'" + $0 + "'" }.joined(separator: ", ")
                + (count > names.count ? " and \(count - names.count) more" : "")
                + ": the architecture has no such part"
        case .wrongShape(let name, let expectedRows, let expectedColumns, let rows, let columns):
            "tensor '" + name + "' has \(rows) rows of \(columns); the metadata calls for "
                + "\(expectedRows) rows of \(expectedColumns)"
        case .quantizedVector(let name, let type):
            "tensor '" + name + "' has GGML type \(type.rawValue); a vector must be F32, F16 or BF16"
        case .outsideFile(let name):
            "tensor '" + name + "' reaches beyond the end of the file"
        }
    }
}
