import ArgumentParser
import FleetHost
import HostErrors
import JSON

/// What was asked about a running fleet, or one of its models, does not run.
struct NotRunning: ReportedFailure {
    let reason: String

    var report: FailureReport { .init(reason, .unavailable) }
}

/// Which of the running fleets is meant.
struct FleetChoice: ParsableArguments {
    @Option(help: "The port of the fleet (default: whichever knows the model).")
    var port: UInt16?

    /// What the running fleets, or the one that was named, say of themselves.
    func overviews() throws(NotRunning) -> [(port: UInt16, overview: JSONValue)] {
        let ports = port.map { [$0] } ?? ControlClient.runningPorts()
        let found = ports.compactMap { port in
            ControlClient.send(.overview, toPort: port).map { (port: port, overview: $0) }
        }
        if let port, found.isEmpty { throw NotRunning(reason: "no fleet serves at port \(port)") }
        return found
    }

    /// Has the fleet that knows `model` carry out `message`.
    func send(_ message: ControlMessage, about model: String) throws(NotRunning) -> (port: UInt16, answer: JSONValue) {
        let fleets = try overviews()
        guard let first = fleets.first else {
            throw NotRunning(reason: "nothing is served: 'hexa-os serve FOLDER' starts it")
        }
        let knowing = fleets.first { fleet in
            fleet.overview["models"]?.arrayValue?.contains { $0["name"]?.stringValue == model } ?? false
        }
        // One that does not know it tells what comes nearest.
        let port = (knowing ?? first).port
        guard let answer = ControlClient.send(message, toPort: port) else {
            throw NotRunning(reason: "the fleet at port \(port) has just ended")
        }
        if let reason = answer["error"]?.stringValue { throw NotRunning(reason: reason) }
        return (port, answer)
    }
}
