import Fleet
import MonotonicTime
import Testing

@Suite("Machines on demand")
struct DemandTests {
    @Test("nothing runs while nobody asks; a request starts a machine and is sent to it once it is ready")
    func start() {
        var bench = Bench([.init(), .init()])
        bench.pass(.seconds(3_600))
        #expect(bench.look() == [])
        bench.arrive(1, for: 1)
        #expect(bench.look() == [.start(1, 1)])
        bench.arrive(2, for: 1)
        #expect(bench.look() == [], "one machine is enough for both")
        #expect(bench.fleet.status(ofModel: 1).state == .starting)
        bench.ready(1)
        #expect(bench.look() == [.forward(1, 1), .forward(2, 1)])
        #expect(bench.fleet.status(ofModel: 1).state == .ready)
        #expect(bench.fleet.status(ofModel: 0).state == .stopped)
    }

    @Test("a machine stops when it has been idle for the whole timeout, and only then")
    func idle() {
        var bench = Bench([.init()]) { $0.idleTimeout = .seconds(60) }
        bench.arrive(1)
        bench.ready(1)
        _ = bench.look()
        bench.pass(.seconds(300))
        #expect(bench.look() == [], "an answer under way is no idleness")
        bench.finish(1)
        bench.pass(.milliseconds(59_999))
        #expect(bench.look() == [])
        bench.pass(.milliseconds(1))
        #expect(bench.look() == [.stop(1)])
        bench.end(1)
        #expect(bench.fleet.isEmpty && bench.fleet.status(ofModel: 0).state == .stopped)
    }

    @Test("a request that comes while its machine stops starts another one")
    func requestDuringStop() {
        var bench = Bench([.init()]) { $0.residentMax = 1 }
        bench.arrive(1)
        bench.ready(1)
        bench.finish(1)
        bench.pass(.seconds(60))
        _ = bench.look()
        bench.arrive(2)
        #expect(bench.look() == [], "the place is not free yet")
        bench.end(1)
        #expect(bench.look() == [.start(2)])
    }

    @Test("the queue of a model is bounded, and so is the wait in it")
    func bounds() {
        var bench = Bench([.init()]) { ($0.waitingMax, $0.waitMax) = (2, .seconds(10)) }
        for number in 1...3 { bench.arrive(UInt64(number)) }
        #expect(bench.look() == [.start(1), .refuse(3, .queueFull)])
        bench.pass(.milliseconds(9_999))
        #expect(bench.look() == [])
        bench.pass(.milliseconds(1))
        #expect(bench.look() == [.refuse(1, .waitedTooLong(seconds: 10)), .refuse(2, .waitedTooLong(seconds: 10))])
    }

    @Test("a client that goes away while it waits is forgotten")
    func waitingClientGone() {
        var bench = Bench([.init()])
        bench.arrive(1)
        bench.finish(1)
        bench.ready(1)
        #expect(bench.look() == [.start(1)])
    }

    @Test("what the fleet does not know changes nothing")
    func unknown() {
        var bench = Bench([.init()])
        bench.finish(9)
        bench.lose(9)
        bench.ready(9)
        bench.end(9)
        bench.fleet.responseBegan(RequestID(9))
        #expect(bench.look() == [])
    }
}

@Suite("Places for machines")
struct PlaceTests {
    /// Two models in one place, the first one running and idle.
    private func bench(_ change: (inout FleetPolicy) -> Void = { _ in }) -> Bench {
        var bench = Bench([.init(), .init(), .init()]) {
            $0.residentMax = 1; change(&$0)
        }
        bench.arrive(1)
        bench.ready(1)
        _ = bench.look()
        return bench
    }

    @Test("an idle model makes room, and the other one starts when the place is free")
    func eviction() {
        var bench = bench()
        bench.finish(1)
        bench.arrive(2, for: 1)
        #expect(bench.look() == [.stop(1)])
        bench.end(1)
        #expect(bench.look() == [.start(2, 1)])
    }

    @Test("of two idle models the least recently used one goes")
    func leastRecentlyUsed() {
        var bench = Bench([.init(), .init(), .init()]) { $0.residentMax = 2 }
        for model in [0, 1] {
            bench.arrive(UInt64(model), for: model)
            bench.ready(UInt64(model) + 1)
            bench.finish(UInt64(model))
            bench.pass(.seconds(1))
        }
        bench.arrive(7, for: 0)
        bench.finish(7)
        _ = bench.look()
        bench.arrive(8, for: 2)
        #expect(bench.look() == [.stop(2)])
    }

    @Test("a busy model keeps its place, for as long as the other has patience; then it drains before it ends")
    func patience() {
        var bench = bench { $0.patience = .seconds(2) }
        bench.arrive(2, for: 1)
        bench.pass(.milliseconds(1_999))
        #expect(bench.look() == [])
        bench.pass(.milliseconds(1))
        #expect(bench.look() == [] && bench.fleet.status(ofModel: 0).state == .draining)
        bench.arrive(3, for: 0)
        bench.pass(.seconds(20))
        #expect(bench.look() == [], "it has no new request, and is not asked to end while it answers the old one")
        bench.finish(1)
        #expect(bench.look() == [.stop(1)])
        bench.end(1)
        #expect(bench.look() == [.start(2, 1)])
    }

    @Test("two that wait do not drive out two for one place")
    func onePlaceEach() {
        var bench = Bench([.init(), .init(), .init()]) { $0.residentMax = 2 }
        for model in [0, 1] {
            bench.arrive(UInt64(model), for: model)
            bench.ready(UInt64(model) + 1)
            bench.finish(UInt64(model))
        }
        _ = bench.look()
        bench.arrive(5, for: 2)
        bench.arrive(6, for: 2)
        #expect(bench.look() == [.stop(1)])
    }

    @Test("a model that is to run always is not driven out")
    func always() {
        var bench = Bench([.init(runsAlways: true), .init()]) { ($0.residentMax, $0.waitMax) = (1, .seconds(10)) }
        bench.pass(.zero)
        bench.ready(1)
        bench.arrive(1, for: 1)
        bench.pass(.seconds(10))
        #expect(bench.look() == [.start(1), .refuse(1, .waitedTooLong(seconds: 10))])
    }
}
