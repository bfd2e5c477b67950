import Fleet
import JSON

/// An answer that no machine is needed for.
struct LocalAnswer {
    let status: Int
    let body: [UInt8]
    var contentType = "application/json"
    var retryAfterSeconds: Int?

    init(_ error: FleetError) {
        status = error.status
        body = error.serialized()
        retryAfterSeconds = error.retryAfterSeconds
    }

    init(_ page: MetricsPage) {
        status = 200
        body = Array(page.text.utf8)
        contentType = MetricsPage.contentType
    }

    init(status: Int = 200, _ value: JSONValue) {
        self.status = status
        body = value.serialized()
    }
}
