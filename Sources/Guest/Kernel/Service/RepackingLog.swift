import MonotonicTime

/// Tells how a GGUF file's weights are being repacked: a line a second while it goes on, and one at the end.
struct RepackingLog {
    private let start = MachineClock.now
    private var lastLine = MachineClock.now

    private static var lineInterval: Interval { .seconds(1) }

    /// Takes note that `byteCount` of `totalByteCount` bytes are done.
    mutating func note(_ byteCount: Int, of totalByteCount: Int) {
        let now = MachineClock.now
        if byteCount == totalByteCount {
            let rate = UInt64(Double(byteCount) / max((now - start).seconds, 1e-6)) >> 20
            Machine.log.info(
                "model: \(byteCount >> 20) MiB of weights repacked in \((now - start).milliseconds) ms "
                    + "(\(rate) MiB/s); hexa-os pack spares the next start this")
        } else if now - lastLine >= Self.lineInterval {
            lastLine = now
            Machine.log.info("model: repacking weights, \(byteCount >> 20) of \(totalByteCount >> 20) MiB")
        }
    }
}
