/// Responses by route and status. The table stays as small as the routes and statuses there are.
struct RequestCounts {
    struct Entry {
        var route: String
        var status: Int
        var count: UInt64
    }

    private(set) var entries: [Entry] = []

    /// - Parameter route: one of the server's own names, never the client's path: a client must not be able to make
    ///   the table grow.
    mutating func record(_ route: String, status: Int) {
        for index in entries.indices where entries[index].status == status && entries[index].route == route {
            entries[index].count += 1
            return
        }
        entries.append(Entry(route: route, status: status, count: 1))
    }
}
