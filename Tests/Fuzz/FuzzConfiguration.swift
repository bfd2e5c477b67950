import VMM

/// What parses as a machine's configuration file is written, and what was written is the same machine.
func fuzzConfiguration(_ bytes: [UInt8]) {
    guard let description = try? MachineDescription(json: bytes) else { return }
    let again = try? MachineDescription(json: description.json.serialized())
    precondition(again == description, "writing and reading changed the machine")
}
