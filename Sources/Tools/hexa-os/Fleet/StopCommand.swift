import ArgumentParser
import FleetHost
import Glibc
import HostSystem
import JSON
import MonotonicTime
import Reporting

struct StopCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stop",
        abstract: "Stop a served model's machines once they have answered what they have.",
        discussion: """
            EXAMPLES
              hexa-os stop smollm2-135m-instruct-q4_1

            The next request for the model starts a machine again. To end the whole fleet, end 'hexa-os serve'.
            """
    )

    @Argument(help: "The model's name.")
    var model: String

    @OptionGroup
    var choice: FleetChoice

    @Flag(help: "Print the result as one JSON object on standard output.")
    var json = false

    /// Longer than the fleet lets a machine live that was asked to end.
    private static let timeoutSeconds: UInt64 = 40
    private static let pollMicroseconds: UInt32 = 20_000

    func run() throws {
        try reportingFailure {
            let port = try choice.send(.stop(model: model), about: model).port
            let deadline = HostClock.now + .seconds(Self.timeoutSeconds)
            while machineCount(port) > 0 {
                guard HostClock.now < deadline else {
                    throw NotRunning(reason: "\(model) was asked to stop and has not yet")
                }
                usleep(Self.pollMicroseconds)
            }
            Terminal.note("stopped \(model)")
            guard json else { return }
            let result: JSONValue = ["stopped": .string(JSONString(model))]
            Terminal.print(String(decoding: result.serialized(), as: UTF8.self))
        }
    }

    private func machineCount(_ port: UInt16) -> Int {
        let models = ControlClient.send(.overview, toPort: port)?["models"]?.arrayValue ?? []
        return models.first { $0["name"]?.stringValue == model }?["machines"]?.arrayValue?.count ?? 0
    }
}
