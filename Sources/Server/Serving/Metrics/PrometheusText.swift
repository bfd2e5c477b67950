import Engine
import MonotonicTime

/// Writes metrics in Prometheus' text exposition format, version 0.0.4.
struct PrometheusText {
    static var contentType: String { "text/plain; version=0.0.4; charset=utf-8" }

    private(set) var bytes: [UInt8] = []

    enum Kind: String {
        case counter, gauge, histogram
    }

    /// The lines that introduce a metric; its samples follow.
    mutating func describe(_ name: String, _ kind: Kind, _ help: String) {
        append("# HELP \(name) \(help)\n# TYPE \(name) \(kind.rawValue)\n")
    }

    /// - Parameter labels: `name="value"` pairs separated by commas; the caller has escaped the values.
    mutating func sample(_ name: String, labels: String = "", _ value: UInt64) {
        append(labels.isEmpty ? "\(name) \(value)\n" : "\(name){\(labels)} \(value)\n")
    }

    /// A metric of a single sample.
    mutating func single(_ name: String, _ kind: Kind, _ help: String, _ value: UInt64) {
        describe(name, kind, help)
        sample(name, value)
    }

    /// A histogram in seconds: cumulative buckets, sum and count.
    mutating func histogram(_ name: String, _ help: String, _ histogram: Histogram) {
        write(histogram.counts, name, help) { Self.seconds(.nanoseconds($0)) }
    }

    /// A histogram of numbers.
    mutating func histogram(_ name: String, _ help: String, _ histogram: CountHistogram) {
        write(histogram, name, help) { "\($0)" }
    }

    private mutating func write(
        _ histogram: CountHistogram, _ name: String, _ help: String, text: (UInt64) -> String
    ) {
        describe(name, .histogram, help)
        var cumulative: UInt64 = 0
        for (index, bound) in histogram.bounds.enumerated() {
            cumulative += histogram.bucketCounts[index]
            sample(name + "_bucket", labels: "le=\"\(text(bound))\"", cumulative)
        }
        sample(name + "_bucket", labels: "le=\"+Inf\"", histogram.count)
        append("\(name)_sum \(text(histogram.sum))\n")
        sample(name + "_count", histogram.count)
    }

    /// Seconds with as many decimals as it takes, to the microsecond.
    private static func seconds(_ interval: Interval) -> String {
        let microseconds = interval.microseconds
        var fraction = microseconds % 1_000_000
        guard fraction > 0 else { return "\(microseconds / 1_000_000).0" }
        var digitCount = 6
        while fraction % 10 == 0 {
            fraction /= 10
            digitCount -= 1
        }
        let digits = "\(fraction)"
        let zeros = String(repeating: "0", count: digitCount - digits.utf8.count)
        return "\(microseconds / 1_000_000).\(zeros)\(digits)"
    }

    private mutating func append(_ text: String) {
        bytes.append(contentsOf: text.utf8)
    }
}
