import Fleet
import MonotonicTime
import Testing

@Suite("Requests over replicas")
struct BalancerTests {
    /// Three machines of one model, all ready.
    private func bench(_ change: (inout FleetPolicy) -> Void = { _ in }) -> Bench {
        var bench = Bench([.init(replicaCount: 3, runsAlways: true)]) {
            $0.residentMax = 3; change(&$0)
        }
        bench.pass(.zero)
        for machine in 1...3 { bench.ready(UInt64(machine)) }
        bench.pass(.seconds(10))
        #expect(bench.look() == [.start(1), .start(2), .start(3)])
        return bench
    }

    @Test("the machine with the fewest requests gets the next one")
    func leastOutstanding() {
        var bench = bench()
        for request in 1...4 { bench.arrive(UInt64(request)) }
        #expect(bench.look() == [.forward(1, 1), .forward(2, 2), .forward(3, 3), .forward(4, 1)])
        bench.finish(2)
        bench.arrive(5)
        #expect(bench.look() == [.forward(5, 2)])
    }

    @Test("a machine that ends is replaced, and its requests go to others")
    func replacement() {
        var bench = bench()
        for request in 1...6 { bench.arrive(UInt64(request)) }
        _ = bench.look()
        bench.end(2)
        #expect(bench.look() == [.forward(2, 1), .forward(5, 3), .start(4)])
    }

    @Test("an answer that has begun cannot come from elsewhere: it is cut off")
    func begun() {
        var bench = bench()
        bench.arrive(1)
        bench.fleet.responseBegan(RequestID(1))
        _ = bench.look()
        bench.end(1)
        #expect(bench.look() == [.abort(1), .start(4)])
    }

    @Test("a request that must not be repeated is refused when its machine is lost")
    func unrepeatable() {
        var bench = bench()
        bench.arrive(1, repeatable: false)
        _ = bench.look()
        bench.lose(1)
        #expect(bench.look() == [.refuse(1, .machineLost)])
    }

    @Test("the connection breaks before the end of the machine is known: another one gets the request")
    func shunned() {
        var bench = bench { $0.shunTime = .milliseconds(200) }
        bench.arrive(1)
        bench.lose(1)
        bench.arrive(2)
        #expect(bench.look() == [.forward(1, 1), .forward(1, 2), .forward(2, 3)])
        bench.finish(1)
        bench.finish(2)
        bench.pass(.milliseconds(200))
        bench.arrive(3)
        #expect(bench.look() == [.forward(3, 1)], "it was only the connection")
    }

    @Test("attempts are bounded")
    func attempts() {
        var bench = bench { $0.attemptsMax = 2 }
        bench.arrive(1)
        bench.lose(1)
        bench.lose(1)
        #expect(bench.look() == [.forward(1, 1), .forward(1, 2), .refuse(1, .machineLost)])
    }

    @Test("the only machine is lost: the request waits for the next one, in its old place")
    func onlyMachine() {
        var bench = Bench([.init()])
        bench.arrive(1)
        bench.ready(1)
        bench.pass(.seconds(5))
        bench.lose(1)
        bench.arrive(2)
        #expect(bench.look() == [.start(1), .forward(1, 1)])
        bench.end(1)
        bench.ready(2)
        #expect(bench.look() == [.start(2), .forward(1, 2), .forward(2, 2)])
    }
}
