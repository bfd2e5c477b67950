import Fleet
import MonotonicTime
import Testing

@Suite("Starts that fail, and stops that are asked for")
struct FailureTests {
    @Test("who waits for a start that fails is told why, and so is who comes during the pause")
    func reason() {
        var bench = Bench([.init()]) { ($0.backoffMin, $0.backoffMax) = (.seconds(1), .seconds(4)) }
        bench.arrive(1)
        bench.end(1, "no kernel")
        #expect(bench.look() == [.start(1), .refuse(1, .startFailed(reason: "no kernel", retrySeconds: 1))])
        #expect(bench.fleet.status(ofModel: 0).state == .failed)
        #expect(bench.fleet.status(ofModel: 0).failureReason == "no kernel")
        bench.pass(.milliseconds(500))
        bench.arrive(2)
        #expect(bench.look() == [.refuse(2, .startFailed(reason: "no kernel", retrySeconds: 1))])
        bench.pass(.milliseconds(500))
        bench.arrive(3)
        #expect(bench.look() == [.start(2)])
    }

    @Test("the pause doubles with each failure up to its limit; a machine that proves itself resets it")
    func backoff() {
        var bench = Bench([.init()]) { ($0.backoffMin, $0.backoffMax) = (.seconds(1), .seconds(4)) }
        var machine: UInt64 = 0
        for seconds in [1, 2, 4, 4] {
            machine += 1
            bench.arrive(machine)
            bench.end(machine, "why")
            #expect(
                bench.look() == [
                    .start(machine), .refuse(machine, .startFailed(reason: "why", retrySeconds: seconds)),
                ])
            bench.pass(.seconds(UInt64(seconds)))
        }
        bench.arrive(5)
        bench.ready(5)
        #expect(bench.fleet.status(ofModel: 0).failureReason == nil)
        bench.finish(5)
        bench.pass(.seconds(10))
        bench.end(5)
        _ = bench.look()
        bench.arrive(6)
        bench.end(6, "why")
        #expect(bench.look() == [.start(6), .refuse(6, .startFailed(reason: "why", retrySeconds: 1))])
    }

    @Test("a machine that ends right after it was ready counts as a failed start")
    func unproven() {
        var bench = Bench([.init(runsAlways: true)]) { $0.backoffMin = .seconds(1) }
        bench.pass(.zero)
        bench.ready(1)
        bench.end(1)
        bench.pass(.milliseconds(999))
        #expect(bench.look() == [.start(1)])
        bench.pass(.milliseconds(1))
        #expect(bench.look() == [.start(2)])
    }

    @Test("a stopped model answers what it has, refuses what waits, and starts again when asked")
    func stop() {
        var bench = Bench([.init(runsAlways: true)]) { $0.drainMax = .seconds(10) }
        bench.pass(.zero)
        bench.ready(1)
        bench.arrive(1)
        bench.fleet.stop(model: 0, now: bench.now)
        #expect(bench.look() == [.start(1), .forward(1, 1)])
        bench.finish(1)
        #expect(bench.look() == [.stop(1)])
        bench.end(1)
        bench.pass(.seconds(60))
        #expect(bench.look() == [])
        bench.arrive(2)
        #expect(bench.look() == [.start(2)])
        bench.fleet.stop(model: 0, now: bench.now)
        #expect(bench.look() == [.refuse(2, .stopped), .stop(2)])
    }

    @Test("a drain that takes too long is cut short, and a machine that does not end is killed, once")
    func stubborn() {
        var bench = Bench([.init()]) { ($0.drainMax, $0.stopMax) = (.seconds(10), .seconds(20)) }
        bench.arrive(1)
        bench.ready(1)
        bench.fleet.stop(model: 0, now: bench.now)
        _ = bench.look()
        bench.pass(.seconds(10))
        #expect(bench.look() == [.stop(1)])
        bench.pass(.seconds(19))
        #expect(bench.look() == [])
        bench.pass(.seconds(100))
        #expect(bench.look() == [.kill(1)])
    }

    @Test("the end of the fleet: what runs is answered, nothing is started")
    func shutDown() {
        var bench = Bench([.init(), .init(runsAlways: true)]) { $0.residentMax = 3 }
        bench.arrive(1)
        bench.ready(1)
        _ = bench.look()
        bench.fleet.shutDown(now: bench.now)
        bench.arrive(2)
        let actions = bench.look()
        #expect(actions.contains(.refuse(2, .shuttingDown)) && !actions.contains(.stop(1)))
        bench.finish(1)
        #expect(bench.look() == [.stop(1)])
        for machine in 1...2 { bench.end(UInt64(machine)) }
        bench.pass(.seconds(100))
        #expect(bench.fleet.isEmpty && bench.look() == [])
    }
}
