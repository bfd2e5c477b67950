import Fleet
import Glibc
import Synchronization
import Testing

@testable import FleetHost

@Suite("Answers on their way through a fleet")
struct ProxyTests {
    @Test("what a machine has said so far reaches the client before it says more")
    func streaming() throws {
        let gate = Gate()
        let bench = try FleetBench(
            ["alpha"],
            answer: { exchange in
                exchange.beginStream()
                exchange.writeChunk("one ")
                gate.wait()
                exchange.writeChunk("two")
                exchange.endStream()
            })
        var client = try TestClient(port: bench.port)
        client.ask("alpha")
        #expect(try client.read(until: "one "), "the machine holds the rest back until this is read")
        gate.open()
        let answer = try client.wholeAnswer()
        #expect(answer.body == "one two" && answer.isComplete)
    }

    @Test("a client that leaves ends its request at the machine")
    func clientGone() throws {
        let sawClose = Mutex(false)
        let bench = try FleetBench(
            ["alpha"],
            answer: { exchange in
                exchange.beginStream()
                exchange.writeChunk("one")
                let isClosed = exchange.waitForClose()
                sawClose.withLock { $0 = isClosed }
            })
        func askAndLeave() throws {
            var client = try TestClient(port: bench.port)
            client.ask("alpha")
            #expect(try client.read(until: "one"))
            #expect(bench.inFlightCount == 1)
        }
        try askAndLeave()
        #expect(eventually { sawClose.withLock { $0 } })
        #expect(eventually { bench.inFlightCount == 0 })
    }

    @Test("a client that leaves while its machine starts is forgotten: the machine never hears of it")
    func clientGoneEarly() throws {
        let requestCount = Mutex(0)
        let bench = try FleetBench(
            ["alpha"], onStart: { _ in },
            answer: { exchange in
                requestCount.withLock { $0 += 1 }
                exchange.answer("done")
            })
        func askAndLeave() throws { try TestClient(port: bench.port).ask("alpha") }
        try askAndLeave()
        #expect(eventually { bench.machines.count == 1 })
        #expect(eventually { bench.waitingCount == 0 })
        bench.machines[0].becomeReady()
        #expect(try bench.ask("alpha").body == "done")
        #expect(requestCount.withLock { $0 } == 1)
    }

    @Test("a client that reads slowly slows its machine down, and nothing piles up in between")
    func backPressure() throws {
        let writtenByteCount = Mutex(0)
        let piece = String(repeating: "a", count: 65_536)
        let bench = try FleetBench(
            ["alpha"],
            answer: { exchange in
                exchange.beginStream()
                while exchange.writeChunk(piece) { writtenByteCount.withLock { $0 += piece.utf8.count } }
            })
        let client = try TestClient(port: bench.port)
        client.ask("alpha")
        let hasSomething = client.hasSomething(within: 5_000)
        #expect(hasSomething)
        var last = -1
        // What the sockets' own buffers take is a few MiB.
        #expect(
            eventually {
                let now = writtenByteCount.withLock { $0 }
                defer { last = now }
                return now > 0 && now == last
            })
        #expect(last < 32 << 20)
    }

    @Test("a body that is too large is refused, and not kept")
    func largeBody() throws {
        let bench = try FleetBench(["alpha"])
        var client = try TestClient(port: bench.port)
        client.send("POST /v1/completions HTTP/1.1\r\nHost: a\r\nContent-Length: 5000000\r\n\r\n")
        client.send(String(repeating: " ", count: 4_200_000))
        let answer = try client.wholeAnswer()
        #expect(answer.status == 413 && bench.machines.isEmpty)
    }

    @Test("whoever announces a body is told to send it")
    func expectContinue() throws {
        let bench = try FleetBench(["alpha"])
        let client = try TestClient(port: bench.port)
        client.send("POST /v1/completions HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
        let hasSomething = client.hasSomething(within: 5_000)
        #expect(hasSomething)
    }
}

@Suite("Machines that end with requests under way")
struct ReplacementTests {
    /// Two machines of one model, of which the first ends as soon as it has a request.
    private func bench(_ dying: @escaping @Sendable (FakeExchange) -> Void = { _ in }) throws -> FleetBench {
        let isFirst = Mutex(true)
        let bench = try FleetBench(
            ["alpha"], isBalancer: true, replicaCount: 2,
            answer: {
                let dies = isFirst.withLock { isFirst in
                    defer { isFirst = false }
                    return isFirst
                }
                guard dies else { return $0.answer("saved") }
                dying($0)
                $0.machine.die("a fault")
            })
        #expect(eventually { bench.readyCount == 2 })
        return bench
    }

    @Test("a request that only computes is sent to another machine, and the dead one is replaced")
    func retried() throws {
        let bench = try bench()
        let answer = try bench.ask("alpha")
        #expect(answer.status == 200 && answer.body == "saved")
        #expect(eventually { bench.machines.count == 3 && bench.readyCount == 2 })
    }

    @Test("a request that may have changed something is not sent again")
    func notRepeatable() throws {
        let bench = try bench()
        let answer = try bench.ask("alpha", path: "/v1/programs/one/invoke")
        #expect(answer.status == 502 && answer.body.contains("machine_lost"))
    }

    @Test("an answer that has begun is cut off where the machine ended, and visibly so")
    func cutOff() throws {
        let bench = try bench { exchange in
            exchange.beginStream()
            exchange.writeChunk("half")
            usleep(50_000)
        }
        let answer = try bench.ask("alpha")
        #expect(answer.body == "half" && !answer.isComplete)
    }

    @Test("four clients lose nothing while machines end one after the other")
    func underLoad() throws {
        let bench = try FleetBench(
            ["alpha"], isBalancer: true, replicaCount: 2,
            policy: {
                ($0.residentMax, $0.provenAfter, $0.attemptsMax) = (2, .zero, 10)
            })
        #expect(eventually { bench.readyCount == 2 })
        let statuses = Mutex<[Int?]>([])
        for _ in 0..<4 {
            TestThread.start {
                for _ in 0..<50 {
                    let status = (try? bench.ask("alpha"))?.status
                    statuses.withLock { $0.append(status) }
                }
            }
        }
        for _ in 0..<5 {
            usleep(10_000)
            bench.machines.first { !$0.hasEnded }?.die("killed by the test")
        }
        #expect(eventually { statuses.withLock { $0.count } == 200 })
        #expect(statuses.withLock { $0.allSatisfy { $0 == 200 } })
        #expect(bench.machines.count > 2)
    }

    @Test("a model that is stopped answers what it has before its machine is asked to end")
    func drain() throws {
        let gate = Gate()
        let bench = try FleetBench(
            ["alpha"],
            answer: { exchange in
                gate.wait()
                exchange.answer("done")
            })
        var client = try TestClient(port: bench.port)
        client.ask("alpha")
        #expect(eventually { bench.inFlightCount == 1 })
        #expect(ControlClient.send(.stop(model: "alpha"), toPort: bench.port) == [:])
        #expect(bench.states == ["alpha": "draining"] && !bench.machines[0].hasEnded)
        gate.open()
        #expect(try client.wholeAnswer().body == "done")
        #expect(eventually { bench.machines[0].hasEnded })
    }

    @Test("the fleet's end lets answers under way be finished and takes no new clients")
    func shutDown() throws {
        let gate = Gate()
        let bench = try FleetBench(
            ["alpha"],
            answer: { exchange in
                gate.wait()
                exchange.answer("the last")
            })
        var client = try TestClient(port: bench.port)
        client.ask("alpha")
        #expect(eventually { bench.inFlightCount == 1 })
        let ended = bench.service.shutDown()
        #expect(eventually { !bench.takesConnections })
        #expect(!bench.machines[0].hasEnded)
        gate.open()
        #expect(try client.wholeAnswer().body == "the last")
        try ended.wait()
        #expect(bench.machines[0].hasEnded)
    }
}
