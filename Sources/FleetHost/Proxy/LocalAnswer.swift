import Fleet
import JSON

/// An answer that no machine is needed for.
struct LocalAnswer {
    let status: Int
    let body: [UInt8]
    var retryAfterSeconds: Int?

    init(_ error: FleetError) {
        status = error.status
        body = error.serialized()
        retryAfterSeconds = error.retryAfterSeconds
    }

    init(status: Int = 200, _ value: JSONValue) {
        self.status = status
        body = value.serialized()
    }
}
