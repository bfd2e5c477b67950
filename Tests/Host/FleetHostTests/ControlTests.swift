import FleetHost
import JSON
import Testing

@Suite("Commands to a running fleet")
struct ControlTests {
    @Test(
        "a command is read as it was written",
        arguments: [
            ControlMessage.overview, .logs(model: "a", follows: false), .logs(model: "a", follows: true),
            .stop(model: "a \"b\""),
        ])
    func roundTrip(message: ControlMessage) {
        #expect(ControlMessage(message.json) == message)
    }

    @Test("whoever was started before there was anything to follow gets what is there")
    func old() {
        #expect(ControlMessage(["command": "logs", "model": "a"]) == .logs(model: "a", follows: false))
    }

    @Test(
        "anything else is no command",
        arguments: [
            [:], ["command": "ps", "model": "a"], ["command": "logs"], ["command": "stop", "model": 1], "ps",
        ] as [JSONValue])
    func nonsense(json: JSONValue) {
        #expect(ControlMessage(json) == nil)
    }

    @Test("a model that is not there is an error, a fleet that is not there no answer")
    func socket() throws {
        let bench = try FleetBench(["alpha"])
        #expect(
            ControlClient.send(.stop(model: "nobody"), toPort: bench.port)?["error"]?.stringValue
                == "there is no model nobody here")
        #expect(ControlClient.send(.overview, toPort: bench.port)?["port"]?.intValue == Int(bench.port))
        #expect(ControlClient.runningPorts().contains(bench.port))
        #expect(ControlClient.send(.overview, toPort: 1) == nil, "nobody is there")
    }
}
