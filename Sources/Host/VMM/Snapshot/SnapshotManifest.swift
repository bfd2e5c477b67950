/// What a snapshot's memory belongs to: `snapshot.json`. A machine made of the memory must be like the one that was
/// saved wherever the kernel has taken note of it, and this says where.
public struct SnapshotManifest: Equatable, Sendable {
    /// A file of the machine.
    public struct File: Equatable, Sendable {
        /// Absolute: where it was when the machine was saved.
        public var path: String
        public var identity: FileIdentity

        public init(path: String, identity: FileIdentity) {
            self.path = path
            self.identity = identity
        }
    }

    public var id: SnapshotID
    /// What clients call the model.
    public var modelName: String
    public var processorCount: Int
    public var memoryMiB: Int
    public var vsockContext: UInt64?
    /// Of the processors' features: the kernel has chosen its code by them.
    public var processor: Fingerprint
    /// Disks, in order.
    public var disks: [File]
    /// Files mapped into the memory, in order.
    public var mappedFiles: [File]

    public init(
        id: SnapshotID, modelName: String, processorCount: Int, memoryMiB: Int, vsockContext: UInt64?,
        processor: Fingerprint, disks: [File], mappedFiles: [File]
    ) {
        self.id = id
        self.modelName = modelName
        self.processorCount = processorCount
        self.memoryMiB = memoryMiB
        self.vsockContext = vsockContext
        self.processor = processor
        self.disks = disks
        self.mappedFiles = mappedFiles
    }

    /// The manifest of a machine that is to be saved on this host.
    public init(
        of machine: MachineDescription, modelName: String, id: SnapshotID
    ) throws(VMMError) {
        func files(_ paths: [String]) throws(VMMError) -> [File] {
            var files: [File] = []
            for path in paths { files.append(File(path: path, identity: try FileIdentity(ofFileAt: path))) }
            return files
        }
        self.init(
            id: id, modelName: modelName, processorCount: machine.processorCount, memoryMiB: machine.memoryMiB,
            vsockContext: machine.vsockContext, processor: try KVMSystem().supportedIdentity().featureFingerprint,
            disks: try files(machine.diskPaths), mappedFiles: try files(machine.mappedFilePaths))
    }

    /// The machine to be made of a snapshot in `directory`.
    public func machine(restoredFrom directory: String) -> MachineDescription {
        var machine = MachineDescription(
            start: .snapshot(directory: directory), processorCount: processorCount, memoryMiB: memoryMiB)
        machine.diskPaths = disks.map(\.path)
        machine.mappedFilePaths = mappedFiles.map(\.path)
        machine.vsockContext = vsockContext
        return machine
    }

    /// Why a machine cannot be made of the snapshot: it differs where it must not.
    func difference(from machine: MachineDescription) -> String? {
        func differs(_ name: String, _ saved: String, _ wanted: String) -> String? {
            saved == wanted ? nil : "\(name) is \(saved), not \(wanted) as in the machine's configuration"
        }
        return differs("vcpu_count", "\(processorCount)", "\(machine.processorCount)")
            ?? differs("mem_size_mib", "\(memoryMiB)", "\(machine.memoryMiB)")
            ?? differs(
                "guest_cid", vsockContext.map { "\($0)" } ?? "none",
                machine.vsockContext.map { "\($0)" } ?? "none")
            ?? differs("the number of drives", "\(disks.count)", "\(machine.diskPaths.count)")
            ?? differs("the number of pmem files", "\(mappedFiles.count)", "\(machine.mappedFilePaths.count)")
    }
}
