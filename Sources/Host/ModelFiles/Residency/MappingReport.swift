/// What Linux tells of one mapping of a process in `/proc/PID/smaps` (proc_pid_smaps(5)).
struct MappingReport {
    private let lines: [Substring]

    /// The mapping that starts at `address`; nil when there is none.
    init?(startingAt address: UInt, in report: String) {
        let start = String(address, radix: 16)
        let lines = report.split(separator: "\n")
        func isHeader(_ line: Substring) -> Bool {
            guard let range = line.split(separator: " ").first else { return false }
            let bounds = range.split(separator: "-")
            return bounds.count == 2 && bounds.allSatisfy { UInt($0, radix: 16) != nil }
        }
        func startsThere(_ line: Substring) -> Bool {
            guard isHeader(line), let dash = line.firstIndex(of: "-") else { return false }
            // Linux pads addresses to eight digits.
            return line[..<dash].drop { $0 == "0" } == start
        }
        guard let header = lines.firstIndex(where: startsThere) else { return nil }
        self.lines = Array(lines[(header + 1)...].prefix { !isHeader($0) })
    }

    /// The value of a field that is told in kB; nil when the kernel does not have the field.
    func kibibytes(of field: String) -> Int? {
        for line in lines where line.hasPrefix(field + ":") {
            return Int(line.dropFirst(field.utf8.count + 1).split(separator: " ").first ?? "")
        }
        return nil
    }
}
