import Net

/// The counters of the TCP/IP stack.
extension ServerMetrics {
    static func describe(_ network: NetworkStatistics, _ text: inout PrometheusText) {
        describe(network.link, &text)
        describe(network.drops, &text)
        describe(network.tcp, &text)
    }

    private static func describe(_ link: LinkStatistics, _ text: inout PrometheusText) {
        family(
            "hexa_network_frames_total", "Frames that crossed the interface.", "direction",
            [("received", link.receivedFrames), ("sent", link.transmittedFrames)], &text)
        family(
            "hexa_network_bytes_total", "Bytes of these frames.", "direction",
            [("received", link.receivedBytes), ("sent", link.transmittedBytes)], &text)
        text.single("hexa_network_echo_replies_total", .counter, "Echo requests answered.", link.echoReplies)
    }

    private static func describe(_ drops: DropStatistics, _ text: inout PrometheusText) {
        family(
            "hexa_network_drops_total", "Frames dropped, by reason.", "reason",
            [
                ("malformed", drops.malformed), ("bad_checksum", drops.badChecksum), ("not_for_us", drops.notForUs),
                ("illegal_source", drops.illegalSource), ("fragment", drops.fragment),
                ("closed_port", drops.closedPort), ("unknown_protocol", drops.unknownProtocol),
                ("queue_full", drops.queueFull), ("unreachable", drops.unreachable),
                ("rate_limited", drops.rateLimited),
            ], &text)
    }

    private static func describe(_ tcp: TCPStatistics, _ text: inout PrometheusText) {
        family(
            "hexa_tcp_segments_total", "TCP segments.", "direction",
            [("received", tcp.receivedSegments), ("sent", tcp.transmittedSegments)], &text)
        text.single(
            "hexa_tcp_connections_accepted_total", .counter, "TCP connections accepted.", tcp.acceptedConnections)
        family(
            "hexa_tcp_handshakes_dropped_total", "Handshakes that led to no connection.", "reason",
            [("ignored", tcp.ignoredHandshakes), ("failed", tcp.failedHandshakes)], &text)
        text.single(
            "hexa_tcp_retransmitted_segments_total", .counter, "Segments sent again.", tcp.retransmittedSegments)
        family(
            "hexa_tcp_retransmissions_total", "Retransmissions begun, by cause.", "cause",
            [("timeout", tcp.retransmissionTimeouts), ("duplicate_acks", tcp.fastRetransmits)], &text)
        family(
            "hexa_tcp_probes_total", "Probes sent.", "kind",
            [("zero_window", tcp.zeroWindowProbes), ("keep_alive", tcp.keepAliveProbes)], &text)
        family(
            "hexa_tcp_unusual_segments_total", "Segments received that were not the next in order.", "kind",
            [
                ("out_of_order", tcp.outOfOrderSegments), ("duplicate", tcp.duplicateSegments),
                ("stale_timestamp", tcp.staleTimestamps), ("challenged", tcp.challenges),
            ], &text)
        family(
            "hexa_tcp_resets_total", "Resets.", "direction",
            [("received", tcp.resetsReceived), ("sent", tcp.resetsSent)], &text)
        text.single(
            "hexa_tcp_connections_timed_out_total", .counter, "TCP connections given up.", tcp.timedOutConnections)
    }

    /// A counter with one label.
    private static func family(
        _ name: String, _ help: String, _ label: String, _ samples: [(value: String, count: UInt64)],
        _ text: inout PrometheusText
    ) {
        text.describe(name, .counter, help)
        for sample in samples { text.sample(name, labels: "\(label)=\"\(sample.value)\"", sample.count) }
    }
}
