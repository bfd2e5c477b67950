import NIOCore

/// The bounds of what clients may use up on the host; a machine has its own, and answers with them.
enum FleetLimits {
    /// A request's body: as a machine takes it. Past it: 413.
    static let bodyByteCountMax = 4 << 20
    /// The bodies of all requests under way: they are kept until an answer begins, to be sent again if need be.
    static let bodyByteCountTotalMax = 256 << 20
    /// All header fields of a request; cookies and tokens of real clients stay under 8 KiB. Past it: 400.
    static let headerByteCountMax = 16 << 10
    static let headerCountMax = 64
    /// Open connections of clients; further ones are closed at once.
    static let connectionCountMax = 1_024
    /// From connecting, or from an answer's end, to the next whole request.
    static let requestTimeout = TimeAmount.seconds(60)
    /// For a machine that is there to take a connection.
    static let connectTimeout = TimeAmount.seconds(2)
    /// How long a connection that is refused for its body stays for the client to read why.
    static let lingerTime = TimeAmount.seconds(1)

    /// A machine's metrics: those of one with all its counters are a hundredth of that.
    static let metricsByteCountMax = 1 << 20
    /// For a machine to tell them; the reader of metrics waits for all machines.
    static let metricsTimeout = TimeAmount.seconds(2)

    /// From a machine's being ready to its weights' being locked, which takes a processor a moment: the first answers
    /// come before.
    static let lockDelay = TimeAmount.seconds(5)

    /// Console lines kept of each model: those of a few starts.
    static let logLineCountMax = 1_000
    /// A command on the control socket, whose longest part is a model's name.
    static let controlByteCountMax = 4 << 10
    static let controlTimeout = TimeAmount.seconds(5)
}
