import ModelFormats

extension ModelContainer {
    /// Compares the tokenizer tables, where the file has them, with those that its metadata makes.
    ///
    /// - Parameter bytes: the whole file, at an address that is a multiple of 8.
    public func verifyTokenizerTables(in bytes: UnsafeRawBufferPointer) throws(ModelConfigurationError) {
        guard let tables = tokenizerTables else { return }
        _ = try Tokenizer(self, mapped: bytes)
        let made = try Tokenizer(self, bytes: bytes.bytes).encodedTables.record
        guard made == tables.record else {
            throw .tokenizerTables(
                ContainerError(
                    offset: tables.offset, field: "tokenizer tables: those of the metadata",
                    problem: .checksumMismatch(stated: tables.record.checksum, actual: made.checksum)))
        }
    }
}
