import Tensor

/// Each participant's own work space: what its kernels scribble on.
///
/// A class, like the storage it holds: an array cannot hold values that cannot be copied.
final class ParticipantWorkspaces {
    struct Workspace: ~Copyable {
        let multiply: MultiplyWorkspace
        let attention: AttentionWorkspace
    }

    typealias Pointer = UnsafeMutablePointer<Workspace>

    private let base: Pointer
    private let count: Int

    init(count: Int, _ model: ModelConfiguration) {
        self.count = count
        base = .allocate(capacity: count)
        for index in 0..<count {
            (base + index).initialize(
                to: Workspace(
                    multiply: MultiplyWorkspace(),
                    attention: AttentionWorkspace(
                        queryHeadsPerHead: model.headCount / model.keyValueHeadCount, headDimension: model.headDimension
                    )))
        }
    }

    deinit {
        base.deinitialize(count: count)
        base.deallocate()
    }

    subscript(participant: Int) -> Pointer {
        precondition(participant >= 0 && participant < count, "no such participant")
        return base + participant
    }
}
