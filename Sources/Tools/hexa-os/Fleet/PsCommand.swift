import ArgumentParser
import JSON
import Reporting

struct PsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ps",
        abstract: "Show the models that 'serve' and 'run --replicas' serve, and their machines.",
        discussion: """
            EXAMPLES
              hexa-os ps
              hexa-os ps --json | jq '.[].models[] | select(.state == "ready").name'
            """
    )

    @OptionGroup
    var choice: FleetChoice

    @Flag(help: "Print one JSON array instead of text.")
    var json = false

    func run() throws {
        try reportingFailure {
            let overviews = try choice.overviews().map(\.overview)
            if json {
                return Terminal.print(String(decoding: JSONValue.array(overviews).serialized(), as: UTF8.self))
            }
            let heading = ["PORT", "MODEL", "STATE", "WAITING", "MACHINES"]
            let rows = overviews.flatMap { overview in
                (overview["models"]?.arrayValue ?? []).map { row($0, port: overview["port"]?.intValue ?? 0) }
            }
            for line in Self.aligned([heading] + rows) { Terminal.print(line) }
        }
    }

    private func row(_ model: JSONValue, port: Int) -> [String] {
        let machines = (model["machines"]?.arrayValue ?? []).map { machine in
            let pid = machine["pid"]?.intValue.map { "pid \($0) " } ?? ""
            return "\(pid)\(machine["state"]?.stringValue ?? "?") \(machine["in_flight"]?.intValue ?? 0)"
        }
        let remark = model["failure"]?.stringValue ?? (machines.isEmpty ? "-" : machines.joined(separator: ", "))
        return [
            "\(port)", model["name"]?.stringValue ?? "?", model["state"]?.stringValue ?? "?",
            "\(model["waiting"]?.intValue ?? 0)", remark,
        ]
    }

    /// Pads all columns but the last.
    private static func aligned(_ rows: [[String]]) -> [String] {
        let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            row.indices.map { column in
                let cell = row[column]
                let padding = column == row.count - 1 ? 0 : widths[column] - cell.count + 2
                return cell + String(repeating: " ", count: padding)
            }.joined()
        }
    }
}
