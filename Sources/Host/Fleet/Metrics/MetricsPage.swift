/// Metrics in Prometheus' text exposition format, version 0.0.4, from one source or from many. The format wants all
/// samples of a metric together, and each series once: samples of other pages are sorted under their metrics, with
/// labels that tell where they come from.
public struct MetricsPage {
    public static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    public enum Kind: String, Sendable {
        case counter, gauge, histogram, summary, untyped
    }

    public struct Label: Equatable, Sendable {
        let name: String
        let value: String

        public init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    private struct Metric {
        var kind = Kind.untyped
        var help: Substring?
        var samples: [String] = []
    }

    private var metrics: [String: Metric] = [:]
    /// By first appearance.
    private var names: [String] = []

    public init() {}

    /// The page as it is sent.
    public var text: String {
        var text = ""
        for name in names {
            guard let metric = metrics[name], !metric.samples.isEmpty else { continue }
            if let help = metric.help { text += "# HELP \(name) \(help)\n" }
            text += "# TYPE \(name) \(metric.kind.rawValue)\n"
            for sample in metric.samples { text += sample + "\n" }
        }
        return text
    }

    /// Introduces a metric; the first word on it counts.
    mutating func describe(_ name: String, _ kind: Kind, _ help: String) {
        guard metrics[name] == nil else { return }
        names.append(name)
        metrics[name] = Metric(kind: kind, help: Substring(help))
    }

    /// - Parameter suffix: what the series of a histogram are called beyond its name.
    mutating func add(_ name: String, suffix: String = "", _ labels: [Label], _ value: String) {
        let labels = labels.map(\.text).joined(separator: ",")
        append("\(name)\(suffix){\(labels)} \(value)", to: name)
    }

    private mutating func append(_ sample: String, to name: String) {
        if metrics[name] == nil { names.append(name) }
        metrics[name, default: Metric()].samples.append(sample)
    }

    /// Adds the samples of another page, each with `labels` in front of its own. Lines that break the format are left
    /// out, and so are samples that have one of `labels` already: they would spoil the page for every reader.
    public mutating func merge(_ page: [UInt8], labels: [Label]) {
        let added = labels.map(\.text).joined(separator: ",")
        /// The metric whose samples come next, and all that is said of it.
        var current = ""
        for bytes in page.split(separator: UInt8(ascii: "\n")) {
            let line = Substring(decoding: bytes, as: UTF8.self)
            if line.hasPrefix("#") {
                current = introduce(line) ?? current
            } else if let sample = MetricsSample(line),
                !labels.contains(where: { sample.labelNames.contains($0.name) })
            {
                let isOfCurrent = MetricsSample.suffixes.contains { sample.name == current + $0 }
                let own = sample.labels.isEmpty || added.isEmpty ? sample.labels : "," + sample.labels
                append("\(sample.name){\(added)\(own)} \(sample.value)", to: isOfCurrent ? current : sample.name)
            }
        }
    }

    /// Takes `# HELP name text` and `# TYPE name kind`; answers the name.
    private mutating func introduce(_ line: Substring) -> String? {
        let words = line.split(separator: " ", maxSplits: 3)
        guard words.count >= 3, words[0] == "#", MetricsSample.isName(words[2].utf8) else { return nil }
        let name = String(words[2])
        switch (words[1], words.count == 4 ? words[3] : "") {
        case ("HELP", let text):
            if metrics[name] == nil { names.append(name) }
            metrics[name, default: Metric()].help = metrics[name]?.help ?? text
        case ("TYPE", let word):
            guard let kind = Kind(rawValue: String(word)) else { return nil }
            if metrics[name] == nil { names.append(name) }
            // Samples that are there already came under the first word on it.
            if metrics[name]?.samples.isEmpty ?? true { metrics[name, default: Metric()].kind = kind }
        default: return nil
        }
        return name
    }
}

extension MetricsPage.Label {
    /// `name="value"`, with what the format escapes.
    fileprivate var text: String {
        let escaped = value.unicodeScalars.reduce(into: "") { text, scalar in
            switch scalar {
            case "\\": text += "\\\\"
            case "\"": text += "\\\""
            case "\n": text += "\\n"
            default: text.unicodeScalars.append(scalar)
            }
        }
        return "\(name)=\"\(escaped)\""
    }
}
