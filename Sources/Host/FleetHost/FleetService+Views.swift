import Fleet
import JSON

/// What the fleet says about itself: to clients, and on the control socket.
extension FleetService {
    /// OpenAI's list of models, with a `state` beside.
    func catalogue() -> JSONValue {
        ["object": "list", "data": .array(configuration.entries.indices.map(modelCard))]
    }

    func modelCard(_ index: Int) -> JSONValue {
        let entry = configuration.entries[index]
        return [
            "id": text(entry.name), "object": "model", "created": .number(.integer(entry.modifiedUnixSeconds)),
            "owned_by": "hexa-os", "state": text(fleet.status(ofModel: index).state.rawValue),
        ]
    }

    /// On demand, being able to start machines is health; a balancer is as healthy as its best machine.
    func healthAnswer() -> LocalAnswer {
        let isReady = !configuration.isBalancer || fleet.status(ofModel: 0).state == .ready
        let isHealthy = isReady && !isShuttingDown
        return LocalAnswer(status: isHealthy ? 200 : 503, ["status": isHealthy ? "ok" : "unavailable"])
    }

    /// `ps`: every model with its machines.
    func overview() -> JSONValue {
        ["port": number(Int(port)), "models": .array(configuration.entries.indices.map(row))]
    }

    private func row(_ index: Int) -> JSONValue {
        let status = fleet.status(ofModel: index)
        return [
            "name": text(configuration.entries[index].name), "state": text(status.state.rawValue),
            "waiting": number(status.waitingCount), "failure": status.failureReason.map(text) ?? .null,
            "machines": .array(status.machines.map(machineRow)),
        ]
    }

    private func machineRow(_ machine: ModelStatus.Machine) -> JSONValue {
        let process = machines[machine.id]
        return [
            "id": number(Int(machine.id.number)), "state": text(machine.state.word),
            "in_flight": number(machine.inFlightCount),
            "pid": process.map { number(Int($0.identifier)) } ?? .null,
            "port": process.map { number(Int($0.port)) } ?? .null,
        ]
    }

    private func text(_ text: String) -> JSONValue { .string(JSONString(text)) }
    private func number(_ value: Int) -> JSONValue { .number(.integer(Int64(value))) }
}
