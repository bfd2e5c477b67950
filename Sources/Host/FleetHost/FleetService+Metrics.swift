import Fleet
import NIOCore
import NIOHTTP1

extension FleetService {
    /// Answers with the fleet's own metrics and those of all machines that are ready, which are asked now. One that
    /// does not tell is left out.
    func answerMetrics(_ head: HTTPRequestHead, to client: ClientConnection) {
        let authorization = head.headers.first(name: "authorization")
        let sources = readyMachines()
        let client = NIOLoopBound(client, eventLoop: loop)
        let pages = sources.map { MetricsRequest.send(toPort: $0.port, authorization: authorization, on: loop) }
        EventLoopFuture.whenAllSucceed(pages, on: loop).whenSuccess { [self] pages in
            var page = fleet.metrics(names: configuration.entries.map(\.name))
            for (source, text) in zip(sources, pages) {
                if let text { page.merge(text, labels: source.labels) }
            }
            client.value.answer(LocalAnswer(page))
        }
    }

    /// A model's only machine is known by the model, whichever machine that is at the moment: to who adds up rates, a
    /// new one is a counter that began again. Replicas count side by side.
    private func readyMachines() -> [(port: UInt16, labels: [MetricsPage.Label])] {
        configuration.entries.indices.flatMap { index in
            let entry = configuration.entries[index]
            return fleet.status(ofModel: index).machines.compactMap { machine -> (UInt16, [MetricsPage.Label])? in
                guard machine.isReady, let port = machines[machine.id]?.port else { return nil }
                let replica = MetricsPage.Label("replica", "\(machine.replica)")
                let labels = [.init("model", entry.name)] + (entry.policy.replicaCount > 1 ? [replica] : [])
                return (port, labels)
            }
        }
    }
}
