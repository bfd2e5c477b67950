/// Why a sequential read cannot go on.
public enum SequentialReadError: Error, Equatable {
    /// The device broke the rules and was reset.
    case device(DeviceFault)
    /// The device refuses the requests, such as for a range past its end.
    case refused(BlockSubmissionError)
}

extension BlockDevice {
    /// Does for a sequential read what can be done now: collects what has come back, and keeps the device busy. Call it
    /// again and again until `state` is no longer `.running`.
    ///
    /// - Parameters:
    ///   - read: the read.
    ///   - others: takes the completions of requests with other tokens.
    public func advance(
        _ read: inout SequentialRead, others: (BlockCompletion) -> Void
    ) throws(SequentialReadError) {
        while let completion = try completionDuringRead() {
            if completion.token == read.token {
                read.requestCompleted(completion)
            } else {
                others(completion)
            }
        }
        while let request = read.nextRequest {
            do {
                try submitRead(from: request.sector, into: request.memory, token: read.token)
            } catch {
                guard error == .busy else { throw .refused(error) }
                break
            }
            read.requestWasSubmitted()
        }
        publish()
    }

    /// The same on a device that has no other user meanwhile.
    public func advance(_ read: inout SequentialRead) throws(SequentialReadError) {
        try advance(&read) { _ in preconditionFailure("the device has requests of others in flight") }
    }

    private func completionDuringRead() throws(SequentialReadError) -> BlockCompletion? {
        do {
            return try nextCompletion()
        } catch {
            throw .device(error)
        }
    }
}
