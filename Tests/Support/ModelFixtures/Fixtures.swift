import Foundation
import JSON
import TestSupport

package enum Fixtures {
    /// The JSON values of a file under Tests/Fixtures, one a line.
    package static func lines(_ path: String) throws -> [JSONValue] {
        let data = try Data(contentsOf: Repository.file("Tests/Fixtures/" + path))
        return try data.split(separator: 0x0a).map { try JSONValue(parsing: Array($0)) }
    }
}
