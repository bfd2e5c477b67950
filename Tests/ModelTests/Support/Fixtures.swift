import Foundation
import JSON

enum Fixtures {
    static let packageRoot: String = {
        let support = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        return support.deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().path
    }()

    /// The JSON values of a file under Tests/Fixtures, one a line.
    static func lines(_ path: String) throws -> [JSONValue] {
        let data = try Data(contentsOf: URL(fileURLWithPath: packageRoot + "/Tests/Fixtures/" + path))
        return try data.split(separator: 0x0a).map { try JSONValue(parsing: Array($0)) }
    }
}
