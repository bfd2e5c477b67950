import MonotonicTime

extension Fleet {
    /// What the fleet counts, by model; `names` are the models' names by index.
    public func metrics(names: [String]) -> MetricsPage {
        var page = MetricsPage()
        describeCounters(&page)
        for index in models.indices {
            let model = MetricsPage.Label("model", names[index])
            let status = status(ofModel: index)
            for state in ["starting", "ready", "draining", "stopping"] {
                let count = status.machines.count { $0.state.word == state }
                page.add("hexa_fleet_machines", [model, .init("state", state)], "\(count)")
            }
            page.add("hexa_fleet_requests_waiting", [model], "\(status.waitingCount)")
            let statistics = models[index].statistics
            for (name, _, value) in Self.counters { page.add(name, [model], "\(statistics[keyPath: value])") }
            add(statistics.startTimes, of: model, to: &page)
        }
        return page
    }

    private static var counters: [(name: String, help: String, value: KeyPath<ModelStatistics, UInt64>)] {
        [
            ("hexa_fleet_requests_total", "Requests that arrived for a machine.", \.requestCount),
            ("hexa_fleet_requests_retried_total", "Requests sent again because their machine was lost.", \.retryCount),
            ("hexa_fleet_requests_refused_total", "Requests that no machine answered.", \.refusalCount),
            ("hexa_fleet_starts_total", "Machines started.", \.startCount),
            ("hexa_fleet_starts_failed_total", "Machines that did not start, or ended at once.", \.failedStartCount),
            ("hexa_fleet_evictions_total", "Machines stopped to make room for another model's.", \.evictionCount),
            ("hexa_fleet_idle_stops_total", "Machines stopped because no request came any more.", \.idleStopCount),
        ]
    }

    private func describeCounters(_ page: inout MetricsPage) {
        page.describe("hexa_fleet_machines", .gauge, "Machines that exist, by what they do.")
        page.describe("hexa_fleet_requests_waiting", .gauge, "Requests that wait for a machine.")
        for (name, help, _) in Self.counters { page.describe(name, .counter, help) }
        page.describe("hexa_fleet_start_seconds", .histogram, "From a machine's start to its being ready.")
    }

    private func add(_ times: StartTimes, of model: MetricsPage.Label, to page: inout MetricsPage) {
        let name = "hexa_fleet_start_seconds"
        var cumulative: UInt64 = 0
        for (bound, count) in zip(StartTimes.boundsMilliseconds, times.bucketCounts) {
            cumulative += count
            page.add(name, suffix: "_bucket", [model, .init("le", "\(Double(bound) / 1_000)")], "\(cumulative)")
        }
        page.add(name, suffix: "_bucket", [model, .init("le", "+Inf")], "\(times.count)")
        page.add(name, suffix: "_sum", [model], "\(Double(times.sum.microseconds) / 1_000_000)")
        page.add(name, suffix: "_count", [model], "\(times.count)")
    }
}
