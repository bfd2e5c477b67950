import Fleet
import MonotonicTime
import TestSupport
import Testing

/// Machines and clients that do whatever the generator wants, and a ledger of what must never happen.
private struct Storm {
    private var bench: Bench
    private var random: SplitMix64
    private let residentMax: Int
    private let modelCount: Int
    /// Started and not yet ended; whether they were ready, and whether they were asked to end.
    private var machines: [UInt64: (model: Int, isReady: Bool, isStopping: Bool)] = [:]
    /// Not yet answered; the machine that has it, and whether its answer has begun.
    private var open: [UInt64: (model: Int, machine: UInt64?, hasBegun: Bool)] = [:]
    private var requestCount: UInt64 = 0

    init(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        let resident = Int.random(in: 1...4, using: &random)
        let count = Int.random(in: 1...5, using: &random)
        let models = (0..<count).map { _ in Fleet.Model(replicaCount: Int.random(in: 1...2, using: &random)) }
        bench = Bench(models) { ($0.residentMax, $0.waitingMax, $0.idleTimeout) = (resident, 8, .seconds(5)) }
        (self.random, residentMax, modelCount) = (random, resident, count)
    }

    mutating func blow(stepCount: Int) {
        for _ in 0..<stepCount {
            step()
            check(bench.look())
        }
        calm()
    }

    private mutating func step() {
        switch Int.random(in: 0..<10, using: &random) {
        case 0...2:
            requestCount += 1
            let model = Int.random(in: 0..<modelCount, using: &random)
            open[requestCount] = (model, nil, false)
            bench.arrive(requestCount, for: model, repeatable: Int.random(in: 0..<5, using: &random) > 0)
        case 3, 4:
            guard let id = open.keys.sorted().randomElement(using: &random) else { return }
            open[id] = nil
            bench.finish(id)
        case 5:
            guard let id = open.filter({ $0.value.machine != nil }).keys.sorted().randomElement(using: &random)
            else { return }
            open[id]?.hasBegun = true
            bench.fleet.responseBegan(RequestID(id))
        case 6:
            guard let id = open.filter({ $0.value.machine != nil }).keys.sorted().randomElement(using: &random)
            else { return }
            open[id]?.machine = nil
            bench.lose(id)
        case 7:
            guard let id = machines.filter({ !$0.value.isReady }).keys.sorted().randomElement(using: &random)
            else { return }
            if !machines[id]!.isStopping { machines[id]!.isReady = true }
            bench.ready(id)
        case 8:
            let mayEnd = machines.filter { $0.value.isStopping || Int.random(in: 0..<4, using: &random) == 0 }
            guard let id = mayEnd.keys.sorted().randomElement(using: &random) else { return }
            end(id)
        default:
            bench.pass(.milliseconds(UInt64.random(in: 0...3_000, using: &random)))
        }
    }

    private mutating func end(_ id: UInt64) {
        machines[id] = nil
        for request in open.keys where open[request]?.machine == id { open[request]?.machine = nil }
        bench.end(id)
    }

    private mutating func check(_ actions: [FleetAction]) {
        for action in actions {
            switch action {
            case .start(let id, let model):
                machines[id.number] = (model, false, false)
                #expect(machines.count <= residentMax)
            case .stop(let id):
                #expect(machines[id.number]?.isStopping == false, "asked to end twice, or after its end")
                machines[id.number]?.isStopping = true
                #expect(!open.values.contains { $0.machine == id.number }, "asked to end while it answers")
            case .kill(let id):
                #expect(machines[id.number]?.isStopping == true)
            case .forward(let request, let machine):
                #expect(open[request.number] != nil && open[request.number]?.hasBegun == false)
                let target = machines[machine.number]
                #expect(target?.isReady == true && target?.isStopping == false)
                #expect(target?.model == open[request.number]?.model)
                open[request.number]?.machine = machine.number
            case .refuse(let request, _):
                #expect(open[request.number]?.hasBegun == false)
                open[request.number] = nil
            case .abort(let request):
                #expect(open[request.number]?.hasBegun == true)
                open[request.number] = nil
            }
        }
    }

    /// Machines that work from now on answer everything, and then stop.
    private mutating func calm() {
        for _ in 0..<2_000 where !(open.isEmpty && machines.isEmpty) {
            for (id, machine) in machines.sorted(by: { $0.key < $1.key }) {
                if machine.isStopping {
                    end(id)
                } else if !machine.isReady {
                    machines[id]?.isReady = true
                    bench.ready(id)
                }
                check(bench.look())
            }
            for id in open.filter({ $0.value.machine != nil }).keys.sorted() {
                open[id] = nil
                bench.finish(id)
                check(bench.look())
            }
            bench.pass(.seconds(1))
            check(bench.look())
        }
        #expect(open.isEmpty, "a request was never answered")
        #expect(machines.isEmpty && bench.fleet.isEmpty, "a machine was never stopped")
    }
}

@Suite("A fleet in a storm")
struct PropertyTests {
    @Test(
        "whatever happens: places are kept, answers are not mixed, everybody is answered, everything stops",
        arguments: 1...60)
    func storm(seed: Int) {
        var storm = Storm(seed: UInt64(seed))
        storm.blow(stepCount: 400)
    }
}
