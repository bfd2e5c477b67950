import Fleet
import FleetHost
import LaneThreads
import Reporting

extension RunCommand {
    /// Serves from several machines behind one port.
    func serveReplicas(of model: String, _ count: Int) throws {
        // What would fail in every machine fails here, before any is started.
        let plan = try prepare()
        let (name, memoryMiB, machineKey) = (plan.machine.modelName, plan.machine.memoryMiB, plan.machine.apiKey)
        var machine = options
        // What is available is divided once: a machine would take all that it finds.
        machine.memory = memoryMiB
        // Together they use the host's processors once.
        machine.cpus = options.cpus ?? max(1, HostProcessors.participantCountDefault / count)
        var policy = FleetPolicy()
        policy.residentMax = count
        let entry = FleetConfiguration.Entry(
            name: name, path: model, modifiedUnixSeconds: 0,
            machineArguments: ["run", model, "--name", name] + machine.arguments
                + serving.arguments + (verbose ? ["--verbose"] : []),
            policy: .init(replicaCount: count, runsAlways: true))
        try FleetSession.serve(
            FleetConfiguration(
                entries: [entry], isBalancer: true, apiKey: serving.clientKey, policy: policy,
                program: FleetSession.program),
            at: plan.port, machineKey: machineKey, printsJSON: json)
    }
}
