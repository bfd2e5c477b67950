/// Events of one connection that its user has not read yet.
struct PendingEvents: OptionSet, Sendable {
    let rawValue: UInt8
    static var accepted: PendingEvents { PendingEvents(rawValue: 1) }
    static var readable: PendingEvents { PendingEvents(rawValue: 2) }
    static var writable: PendingEvents { PendingEvents(rawValue: 4) }
    static var peerClosed: PendingEvents { PendingEvents(rawValue: 8) }
    static var closed: PendingEvents { PendingEvents(rawValue: 16) }
}
