import Tensor

extension ModelContainer.TensorInfo {
    /// How the kernels like this tensor to lie: in panels where its type has them and it has rows for one.
    public var layoutForKernels: TensorLayout {
        type.supportsPanels && rowCount >= PanelPacking.rowsPerPanel ? .panels : .rows
    }

    /// What brings the tensor into that layout in place; nil when it lies so already.
    public var packing: PanelPacking? {
        guard layout != layoutForKernels else { return nil }
        return PanelPacking(type: type, rows: rowCount, columns: columnCount)
    }
}
