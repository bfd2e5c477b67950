import MonotonicTime
import TestSupport
import Testing

@testable import Fleet

@Suite("Metrics of many machines on one page")
struct MetricsPageTests {
    private func merged(_ pages: (page: String, model: String)...) -> String {
        var result = MetricsPage()
        for (page, model) in pages { result.merge(Array(page.utf8), labels: [.init("model", model)]) }
        return result.text
    }

    @Test("samples of one metric stand together, each labelled with where it comes from")
    func together() {
        let page = "# HELP a First.\n# TYPE a counter\na 1\na{x=\"y\"} 2\n# HELP b Second.\n# TYPE b gauge\nb 0.5\n"
        #expect(
            merged((page, "m"), (page, "n")) == """
                # HELP a First.
                # TYPE a counter
                a{model="m"} 1
                a{model="m",x="y"} 2
                a{model="n"} 1
                a{model="n",x="y"} 2
                # HELP b Second.
                # TYPE b gauge
                b{model="m"} 0.5
                b{model="n"} 0.5

                """)
    }

    @Test("a histogram's series stay under its name")
    func histogram() {
        let page = "# HELP h Times.\n# TYPE h histogram\nh_bucket{le=\"+Inf\"} 2\nh_sum 0.1\nh_count 2\n"
        #expect(
            merged((page, "m"), (page, "n")).split(separator: "\n").prefix(5) == [
                "# HELP h Times.", "# TYPE h histogram", "h_bucket{model=\"m\",le=\"+Inf\"} 2",
                "h_sum{model=\"m\"} 0.1",
                "h_count{model=\"m\"} 2",
            ])
    }

    @Test(
        "what breaks the format is left out, and so is a sample that claims another's label",
        arguments: [
            "a{x=\"y} 1", "a{x=y} 1", "a{x=\"y\"x=\"z\"} 1", "a{x=\"1\",x=\"2\"} 1", "a{} 1 2 3",
            "a one", "a", "{} 1", "1a 1",
            "a{x=\"\\q\"} 1", "a{x=\"y\",} 1", "a{x=\"y\"\u{301},z=\"} 1", "a{x=\"y\"}1",
            "a{model=\"other\"} 1", "# TYPE a nonsense", "#", "# HELP",
        ])
    func broken(line: String) {
        #expect(merged(("\(line)\nb 1\n", "m")) == "# TYPE b untyped\nb{model=\"m\"} 1\n")
    }

    @Test(
        "a sample is read to the letter",
        arguments: [
            ("a 1", "a", "", "1"), ("a{} +Inf", "a", "", "+Inf"),
            (
                "a:b_1{x=\"\\\"}\\n\\\\\"} 1e3 99", "a:b_1",
                "x=\"\\\"}\\n\\\\\"", "1e3"
            ),
        ])
    func sample(line: String, name: String, labels: String, value: String) {
        let sample = MetricsSample(Substring(line))
        #expect(sample?.name == name && sample?.labels == labels && sample?.value == value)
    }

    @Test("values of labels are escaped")
    func escaping() {
        #expect(merged(("a 1\n", "q\"\\\n")) == "# TYPE a untyped\na{model=\"q\\\"\\\\\\n\"} 1\n")
    }

    @Test("whatever a machine sends, the page keeps its form")
    func random() {
        var random = SplitMix64(seed: 7)
        let pieces = [
            "a", "{", "}", "\"", "\\", "=", ",", " ", "1", "\n", "# TYPE a counter\n", "# HELP a b\n", "le", "_sum",
            "\u{301}",
        ]
        for _ in 0..<2_000 {
            let count = Int.random(in: 0...30, using: &random)
            let page = (0..<count).map { _ in pieces.randomElement(using: &random)! }.joined()
            for line in merged((page, "m")).split(separator: "\n") where !line.hasPrefix("# ") {
                #expect(MetricsSample(line)?.labelNames.first == "model", "\(page)")
            }
        }
    }
}

@Suite("What a fleet counts")
struct FleetStatisticsTests {
    @Test("requests, starts and how long they took, by model")
    func counts() {
        var bench = Bench([.init(), .init()]) { ($0.residentMax, $0.idleTimeout) = (1, .seconds(60)) }
        bench.arrive(1)
        bench.pass(.milliseconds(80))
        bench.ready(1)
        bench.finish(1)
        bench.arrive(2, for: 1)
        bench.end(1)
        bench.end(2, "no kernel")
        let statistics = bench.fleet.statistics(ofModel: 0)
        #expect(statistics.requestCount == 1 && statistics.startCount == 1 && statistics.evictionCount == 1)
        #expect(statistics.startTimes.count == 1 && statistics.startTimes.sum == .milliseconds(80))
        let other = bench.fleet.statistics(ofModel: 1)
        #expect(other.requestCount == 1 && other.refusalCount == 1 && other.failedStartCount == 1)
        #expect(other.startTimes.count == 0)
    }

    @Test("idle stops and repeated requests")
    func more() {
        var bench = Bench([.init(replicaCount: 2)]) { $0.idleTimeout = .seconds(60) }
        bench.arrive(1)
        bench.ready(1)
        bench.ready(2)
        bench.pass(.seconds(10))
        bench.end(1)
        bench.finish(1)
        bench.pass(.seconds(120))
        let statistics = bench.fleet.statistics(ofModel: 0)
        #expect(statistics.retryCount == 1 && statistics.idleStopCount == 1 && statistics.evictionCount == 0)
    }

    @Test("a machine that replaces another has its number among the replicas")
    func replicas() {
        var bench = Bench([.init(replicaCount: 2, runsAlways: true)])
        bench.pass(.zero)
        for machine in 1...2 { bench.ready(UInt64(machine)) }
        bench.pass(.seconds(10))
        bench.end(1)
        let machines = bench.fleet.status(ofModel: 0).machines
        #expect(machines.map(\.id) == [MachineID(2), MachineID(3)] && machines.map(\.replica) == [1, 0])
    }

    @Test("the page has every count by model, and a histogram that is one")
    func page() {
        var bench = Bench([.init()])
        bench.arrive(1)
        bench.pass(.milliseconds(80))
        bench.ready(1)
        let lines = bench.fleet.metrics(names: ["m"]).text.split(separator: "\n")
        for line in [
            "# TYPE hexa_fleet_machines gauge", #"hexa_fleet_machines{model="m",state="ready"} 1"#,
            #"hexa_fleet_requests_waiting{model="m"} 0"#, #"hexa_fleet_requests_total{model="m"} 1"#,
            #"hexa_fleet_starts_total{model="m"} 1"#, "# TYPE hexa_fleet_start_seconds histogram",
            #"hexa_fleet_start_seconds_bucket{model="m",le="0.05"} 0"#,
            #"hexa_fleet_start_seconds_bucket{model="m",le="0.1"} 1"#,
            #"hexa_fleet_start_seconds_bucket{model="m",le="+Inf"} 1"#,
            #"hexa_fleet_start_seconds_sum{model="m"} 0.08"#, #"hexa_fleet_start_seconds_count{model="m"} 1"#,
        ] {
            #expect(lines.contains(Substring(line)))
        }
    }
}
