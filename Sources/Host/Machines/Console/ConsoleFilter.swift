import GuestInterface

/// Chooses which console lines a person sees: all of them when asked for, otherwise warnings and errors (a panic's
/// report is made of errors).
public struct ConsoleFilter: Sendable {
    public let showsEverything: Bool

    public init(showsEverything: Bool) { self.showsEverything = showsEverything }

    public func shows(_ line: ConsoleLine) -> Bool {
        showsEverything || line.level.map { $0 <= .warning } ?? false
    }
}
