/// Chooses which console lines a person sees: all of them when asked for, otherwise warnings, errors, and a panic's
/// report from its first line on.
public struct ConsoleFilter: Sendable {
    public let showsEverything: Bool
    private var isInPanicReport = false

    public init(showsEverything: Bool) { self.showsEverything = showsEverything }

    public mutating func shows(_ line: ConsoleLine) -> Bool {
        if line.isPanic { isInPanicReport = true }
        return showsEverything || isInPanicReport || line.level == .warn || line.level == .error
    }
}
