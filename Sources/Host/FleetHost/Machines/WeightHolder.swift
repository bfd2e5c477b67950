import Dispatch
import ModelFiles
import Synchronization

/// Keeps the weights in memory of the models that run, or ran last, so that the next start finds them there.
final class WeightHolder: Sendable {
    private let countMax: Int
    /// Reading what is missing takes the disk its time, for which nothing waits.
    private let queue = DispatchQueue(label: "weights")
    /// The latest last.
    private let held = Mutex<[LockedFile]>([])
    private let onFailure: @Sendable (ResidencyError) -> Void

    /// - Parameters:
    ///   - countMax: of models, at least one.
    ///   - onFailure: called on a thread of its own.
    init(countMax: Int, onFailure: @escaping @Sendable (ResidencyError) -> Void) {
        self.countMax = countMax
        self.onFailure = onFailure
    }

    /// The files whose pages are locked; the latest last.
    var paths: [String] { held.withLock { $0.map(\.path) } }

    /// Holds the weights in the file at `path` from some time soon on, and lets go of those that were held the longest.
    func hold(_ path: String) {
        queue.async { [self] in
            let known = held.withLock { $0.first { $0.path == path && $0.isCurrent } }
            do throws(ResidencyError) {
                let file = if let known { known } else { try LockedFile(path: path) }
                held.withLock { held in
                    held.removeAll { $0.path == path }
                    held.append(file)
                    held.removeFirst(max(0, held.count - countMax))
                }
            } catch {
                onFailure(error)
            }
        }
    }
}
