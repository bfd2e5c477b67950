/// Whether lanes are worth waiting for, as far as the leader has seen.
///
/// A lane whose core has other customers is stopped in the middle of a chunk for a time slice of some milliseconds, and
/// the phase waits with it. Up to a point that is still faster than one core. Beyond it the leader works alone for a
/// while, and then tries again: a window of shared work, and alone for several such windows if the lanes' stalls took
/// too large a part of it.
///
/// Times are cycles of the processor's timestamp counter, which runs at 2 to 4 GHz.
struct LaneTrust {
    /// Phases that waited long for a lane.
    private(set) var stallCount: UInt64 = 0
    /// The leader works alone before this time.
    private var aloneUntil: UInt64 = 0
    /// Time of the window spent in shared phases, and the part of it in stalls.
    private var sharedCycles: UInt64 = 0
    private var stalledCycles: UInt64 = 0

    /// A wait as long as this is a stall: many times what the longest chunk takes, and below a time slice.
    private static let cyclesOfStall: UInt64 = 1 << 20
    /// Some twenty milliseconds: several time slices.
    private static let cyclesOfWindow: UInt64 = 1 << 26
    /// Long enough that trying again costs a tenth, short enough that nobody misses the lanes when they are back.
    private static let windowsAlone: UInt64 = 8
    /// Percent of a window. Where stalls take as much, two cores do not do more than one.
    private static let stalledPercentMax: UInt64 = 40

    /// Whether the phase that begins now is to be shared.
    func includesLanes(now: UInt64) -> Bool {
        now >= aloneUntil
    }

    /// Forgets what was measured by a counter that no longer runs.
    mutating func forgetTimes() {
        aloneUntil = 0
        sharedCycles = 0
        stalledCycles = 0
    }

    /// Takes note of a shared phase.
    ///
    /// - Parameters:
    ///   - cycles: how long it took.
    ///   - waitCycles: for how much of that the leader waited at its end.
    mutating func record(cycles: UInt64, waitCycles: UInt64, now: UInt64) {
        sharedCycles &+= cycles
        if waitCycles >= LaneTrust.cyclesOfStall {
            stallCount += 1
            stalledCycles &+= waitCycles
        }
        guard sharedCycles >= LaneTrust.cyclesOfWindow else { return }
        if stalledCycles / LaneTrust.stalledPercentMax > sharedCycles / 100 {
            aloneUntil = now &+ LaneTrust.windowsAlone * LaneTrust.cyclesOfWindow
        }
        sharedCycles = 0
        stalledCycles = 0
    }
}
