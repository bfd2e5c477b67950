import Fleet
import HostErrors
import JSON
import Synchronization
import Testing

@testable import FleetHost

@Suite("A fleet that runs what is asked for")
struct DemandTests {
    @Test("a request starts its model's machine, waits until that is ready, and is answered by it")
    func start() throws {
        let bench = try FleetBench(
            ["alpha", "beta"], onStart: { _ in },
            answer: { exchange in
                exchange.answer("\(exchange.machine.name) got \(exchange.body)")
            })
        #expect(bench.machines.isEmpty && bench.states == ["alpha": "stopped", "beta": "stopped"])
        var client = try TestClient(port: bench.port)
        client.ask("beta")
        #expect(eventually { bench.states["beta"] == "starting" })
        #expect(bench.machines.map(\.name) == ["beta"])
        let hasSomething = client.hasSomething(within: 50)
        #expect(!hasSomething, "nobody answers in the machine's place")
        bench.machines[0].becomeReady()
        let answer = try client.wholeAnswer()
        #expect(answer.status == 200 && answer.body == #"beta got {"model":"beta","prompt":"a"}"#)
        client.ask("beta")
        #expect(try client.wholeAnswer().status == 200, "the connection stays, and so does the machine")
        #expect(bench.machines.count == 1)
    }

    @Test("a machine gets the request as it was, but for what speaks of the client's own connection")
    func forwardedHead() throws {
        let bench = try FleetBench(["alpha"], answer: { $0.answer($0.head) })
        var client = try TestClient(port: bench.port)
        client.send(
            "POST /v1/completions?a=b HTTP/1.1\r\nHost: here\r\nX-Mine: 1\r\nConnection: keep-alive, X-Hop\r\n"
                + "X-Hop: 2\r\nTransfer-Encoding: chunked\r\n\r\n11\r\n{\"model\":\"alpha\"}\r\n0\r\n\r\n")
        let head = try client.wholeAnswer().body
        #expect(head.hasPrefix("POST /v1/completions?a=b HTTP/1.1\r\n"))
        for field in ["Host: here", "X-Mine: 1", "Content-Length: 17", "Connection: close"] {
            #expect(head.contains(field))
        }
        for field in ["X-Hop", "keep-alive", "chunked"] { #expect(!head.contains(field)) }
    }

    @Test("who waits for a start that fails gets 503 with the reason, and so does who comes before the next attempt")
    func failedStart() throws {
        let bench = try FleetBench(["alpha"], onStart: { $0.die("no kernel") })
        for _ in 1...2 {
            let answer = try bench.ask("alpha")
            #expect(answer.status == 503 && answer.head.contains("Retry-After: 1"))
            #expect(answer.body.contains(#"The machine of \"alpha\" did not start: no kernel"#))
        }
        #expect(bench.machines.count == 1 && bench.states == ["alpha": "failed"])
    }

    @Test("a start that cannot even be tried is told in the same way")
    func impossibleStart() throws {
        let bench = try FleetBench(
            ["alpha"],
            onStart: { _ throws(MachineStartError) in
                throw MachineStartError.program(
                    StartFailure(path: "/nowhere", reason: "No such file or directory"))
            })
        let answer = try bench.ask("alpha")
        #expect(answer.status == 503 && answer.body.contains("cannot start /nowhere: No such file or directory"))
    }

    @Test("a request waits no longer than it may")
    func queueTimeout() throws {
        let bench = try FleetBench(["alpha"], policy: { $0.waitMax = .milliseconds(50) }, onStart: { _ in })
        let answer = try bench.ask("alpha")
        #expect(answer.status == 503 && answer.body.contains("start_timeout"))
    }

    @Test("an idle machine is stopped in good order, and the next request starts another")
    func idle() throws {
        let bench = try FleetBench(["alpha"], policy: { $0.idleTimeout = .milliseconds(30) })
        #expect(try bench.ask("alpha").status == 200)
        #expect(eventually { bench.machines[0].hasEnded && bench.states == ["alpha": "stopped"] })
        #expect(try bench.ask("alpha").status == 200)
        #expect(bench.machines.count == 2)
    }

    @Test("with all places taken the model that was asked last the longest ago makes room")
    func eviction() throws {
        let bench = try FleetBench(["alpha", "beta", "gamma"], policy: { $0.residentMax = 2 })
        for model in ["alpha", "beta", "alpha", "gamma"] { #expect(try bench.ask(model).body == "from \(model)") }
        #expect(bench.states == ["alpha": "ready", "beta": "stopped", "gamma": "ready"])
        #expect(bench.machines.map(\.hasEnded) == [false, true, false])
    }
}

@Suite("What a fleet says of itself")
struct FleetViewTests {
    @Test("the catalogue lists all models with their state, and a model that is not there is a 404 with a hint")
    func catalogue() throws {
        let bench = try FleetBench(["alpha", "beta"])
        #expect(try bench.ask("beta").status == 200)
        var client = try TestClient(port: bench.port)
        client.send("GET /v1/models HTTP/1.1\r\nHost: a\r\n\r\n")
        let list = try JSONValue(parsing: Array(try client.wholeAnswer().body.utf8))
        let models = try #require(list["data"]?.arrayValue)
        #expect(models.map { $0["id"]?.stringValue } == ["alpha", "beta"])
        #expect(models.map { $0["state"]?.stringValue } == ["stopped", "ready"])
        let unknown = try bench.ask("betta")
        #expect(unknown.status == 404 && unknown.body.contains(#"did you mean \"beta\"?"#))
    }

    @Test("the console's latest lines are kept when their machine ends")
    func logs() throws {
        let bench = try FleetBench(
            ["alpha"],
            onStart: { machine in
                machine.say("[0.1] info booting")
                machine.die("no disk")
            })
        #expect(try bench.ask("alpha").status == 503)
        let answer = ControlClient.send(.logs(model: "alpha", follows: false), toPort: bench.port)
        #expect(answer?["lines"]?.arrayValue?.map(\.stringValue) == ["[0.1] info booting"])
        let unknown = ControlClient.send(.logs(model: "alhpa", follows: false), toPort: bench.port)
        #expect(unknown?["error"]?.stringValue == "there is no model alhpa here: did you mean alpha?")
    }

    @Test("a follower gets the lines that are there, and each further one as it is written")
    func follow() throws {
        let bench = try FleetBench(
            ["alpha"],
            onStart: { machine in
                machine.say("one")
                machine.becomeReady()
            })
        #expect(try bench.ask("alpha").status == 200)
        let received = Mutex<[String]>([])
        let port = bench.port
        TestThread.start {
            ControlClient.follow(.logs(model: "alpha", follows: true), toPort: port) { answer in
                received.withLock { $0 += answer["lines"]?.arrayValue?.compactMap(\.stringValue) ?? ["?"] }
            }
        }
        #expect(eventually { received.withLock { $0 } == ["one"] })
        bench.machines[0].say("two")
        #expect(eventually { received.withLock { $0 } == ["one", "two"] })
    }

    @Test("metrics are the fleet's own, and those of each machine that runs, by model")
    func metrics() throws {
        let bench = try FleetBench(
            ["alpha", "beta"],
            answer: { exchange in
                guard exchange.head.hasPrefix("GET /metrics ") else { return exchange.answer("done") }
                #expect(exchange.head.contains("Authorization: Bearer key"))
                exchange.answer("# TYPE hexa_ready gauge\nhexa_ready 1\n")
            })
        #expect(try bench.ask("beta").status == 200)
        var client = try TestClient(port: bench.port)
        client.send("GET /metrics HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer key\r\n\r\n")
        let answer = try client.wholeAnswer()
        #expect(answer.head.contains("Content-Type: text/plain; version=0.0.4"))
        let lines = answer.body.split(separator: "\n")
        for line in [
            #"hexa_fleet_starts_total{model="alpha"} 0"#, #"hexa_fleet_starts_total{model="beta"} 1"#,
            #"hexa_ready{model="beta"} 1"#,
        ] {
            #expect(lines.contains(Substring(line)))
        }
        #expect(!answer.body.contains(#"hexa_ready{model="alpha"}"#))
    }

    @Test("replicas are told apart, and one that does not tell its metrics is left out")
    func replicaMetrics() throws {
        let firstPort = Mutex<UInt16?>(nil)
        let bench = try FleetBench(
            ["alpha"], isBalancer: true, replicaCount: 2,
            onStart: { machine in
                firstPort.withLock { $0 = $0 ?? machine.port }
                machine.becomeReady()
            },
            answer: { exchange in
                let isFirst = firstPort.withLock { $0 == exchange.machine.port }
                exchange.answer("hexa_ready 1\n", status: isFirst ? "500 Internal Server Error" : "200 OK")
            })
        #expect(eventually { bench.readyCount == 2 })
        var client = try TestClient(port: bench.port)
        client.send("GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n")
        let body = try client.wholeAnswer().body
        #expect(body.contains(#"hexa_ready{model="alpha",replica="1"} 1"#) && !body.contains(#"replica="0""#))
    }

    @Test("a model is stopped by name, and starts again when it is asked for")
    func stop() throws {
        let bench = try FleetBench(["alpha"])
        #expect(try bench.ask("alpha").status == 200)
        #expect(ControlClient.send(.stop(model: "alpha"), toPort: bench.port) == [:])
        #expect(eventually { bench.states == ["alpha": "stopped"] } && bench.machines[0].hasEnded)
        #expect(try bench.ask("alpha").status == 200)
    }

    @Test("a log keeps its latest lines, within its bound")
    func logRing() {
        var log = LogRing(lineCountMax: 3)
        for number in 1...20 { log.append("\(number)") }
        #expect(Array(log.latest) == ["18", "19", "20"])
        #expect(log.lines.count < 6)
    }
}
