import Fleet
import FleetHost
import LaneThreads
import Launcher
import Reporting

extension RunCommand {
    /// Serves from several machines behind one port.
    func serveReplicas(_ count: Int) throws(LaunchError) {
        // What would fail in every machine fails here, before any is started.
        let plan = try prepare()
        var machine = options
        // Together they use the host's processors once.
        machine.cpus = options.cpus ?? max(1, HostProcessors.participantCountDefault / count)
        var policy = FleetPolicy()
        policy.residentMax = count
        let entry = FleetConfiguration.Entry(
            name: plan.machine.modelName, modifiedUnixSeconds: 0,
            machineArguments: ["run", model, "--name", plan.machine.modelName] + machine.arguments
                + serving.arguments + (verbose ? ["--verbose"] : []),
            policy: .init(replicaCount: count, runsAlways: true))
        try FleetSession.serve(
            FleetConfiguration(entries: [entry], isBalancer: true, port: port,
                               apiKey: serving.clientKey, policy: policy,
                               program: FleetSession.program),
            machineKey: plan.machine.apiKey, printsJSON: json)
    }
}
