import CLinux
import Tensor

/// The processors of the host that this program may use.
public enum HostProcessors {
    /// Those that its threads may run on, ascending.
    public static func allowed() -> [Int] {
        // As many as a `cpu_set_t` can name.
        var numbers = [Int32](repeating: 0, count: 1_024)
        let count = linux_allowed_processors(&numbers, Int32(numbers.count))
        return numbers.prefix(max(0, Int(count))).map { Int($0) }
    }

    /// One participant for each, as far as a crew can have them.
    public static var participantCountDefault: Int { max(1, min(allowed().count, LaneCrew.capacityMax)) }
}
