import MonotonicTime

/// Every bound and default time of the stack, with its reason. Limits that a deployment may want to change are defaults
/// of `NetworkConfiguration`.
enum Limits {
    // MARK: Frames the stack sends on its own account

    /// ARP, ICMP, DHCP and resets waiting for the driver. A burst beyond it is dropped, as on any link.
    static var controlFrameCount: Int { 64 }
    /// Packets waiting for a neighbor's address. RFC 1122, section 2.3.2.2 asks for at least one per neighbor.
    static var unresolvedFrameCount: Int { 16 }
    /// ICMP errors and resets for unknown connections in a second: generous for people, useless for reflection.
    static var unsolicitedReplyCountPerSecond: Int { 1000 }

    // MARK: Neighbors (RFC 826, RFC 1122 section 2.3.2)

    static var neighborCount: Int { 64 }
    /// RFC 1122 asks for a time-out "on the order of a minute"; an address in use is asked again at this age.
    static var neighborRefreshAge: Interval { .seconds(60) }
    /// An address that was not confirmed for so long is forgotten.
    static var neighborLifetime: Interval { .seconds(120) }
    /// RFC 1122, section 2.3.2.1: at most one request per second and destination.
    static var neighborRequestInterval: Interval { .seconds(1) }
    static var neighborRequestCount: Int { 3 }

    // MARK: TCP

    /// The segment size to assume without an MSS option (RFC 9293, section 3.7.1).
    static var segmentSizeDefault: Int { 536 }
    /// The smallest segment size accepted from a peer: smaller ones only waste our time (compare CVE-2019-11479).
    static var segmentSizeMin: Int { 88 }
    /// A ring buffer's first allocation: a typical request fits.
    static var ringStorageByteCountMin: Int { 2048 }
    /// Gaps a connection keeps track of in what it received.
    static var reassemblyRangeCount: Int { 32 }
    /// Ranges a connection keeps track of in what its peer reported by SACK.
    static var scoreboardRangeCount: Int { 64 }
    /// Challenge acknowledgments of one connection in a second (RFC 5961, section 7; per connection, because a limit
    /// shared by all connections leaks the others' state to a peer: CVE-2016-5696).
    static var challengeCountPerSecond: Int { 10 }

    /// RFC 6298, section 2.1.
    static var initialRetransmissionTimeout: Interval { .seconds(1) }
    /// RFC 6298, section 5.7: after a lost SYN, data starts more carefully.
    static var retransmissionTimeoutAfterLostSYN: Interval { .seconds(3) }
    /// RFC 6298, section 2.4 says one second, chosen for coarse clocks and slow delayed acknowledgments. Deployed
    /// stacks use 200 ms, which is above the delay of every current peer; so do we.
    static var minimumRetransmissionTimeout: Interval { .milliseconds(200) }
    /// RFC 6298, section 2.5 allows any maximum from 60 s up.
    static var maximumRetransmissionTimeout: Interval { .seconds(60) }
    /// R2 of RFC 9293, section 3.8.3: at least 100 s without progress before a connection is given up.
    static var retransmissionGiveUp: Interval { .seconds(120) }
    /// How often a SYN,ACK is repeated: at 1, 3 and 7 s. Then the half-open connection has had its chance.
    static var handshakeRetransmissionCount: Int { 3 }
    /// A half-open connection of this age may be displaced by a new one: its SYN,ACK was repeated without an answer.
    static var halfOpenDisplacementAge: Interval { .seconds(1) }
    /// RFC 9293, section 3.8.6.3 allows up to 500 ms; 40 ms is what interactive peers expect.
    static var acknowledgmentDelay: Interval { .milliseconds(40) }
    /// RFC 7323, section 5.5: a timestamp older than 24 days says nothing.
    static var timestampValidity: Interval { .seconds(24 * 24 * 3600) }

    // MARK: Vsock (VIRTIO 1.2, 5.10)

    /// Resets for packets that belong to no stream, waiting for the driver. More are dropped: their senders ask again.
    static var vsockResetCount: Int { 64 }
    /// How long a closed stream waits for its peer's reset, which comes when the peer has read everything: a minute for
    /// slow readers.
    static var vsockCloseTimeout: Interval { .seconds(60) }
    /// Local ports given to streams that this side opens start here; lower ones are for listeners.
    static var vsockFirstLocalPort: UInt32 { 1024 }

    // MARK: DHCP (RFC 2131)

    /// Section 4.1: 4 s, doubled up to 64 s, each varied by up to one second.
    static var dhcpFirstRetransmission: Interval { .seconds(4) }
    static var dhcpRetransmissionMax: Interval { .seconds(64) }
    /// Requests for an offer before the client starts again from INIT.
    static var dhcpRequestCount: Int { 4 }
    /// Section 4.4.5: renewal and rebinding requests come at half of the remaining time, but at least a minute apart.
    static var dhcpRenewalIntervalMin: Interval { .seconds(60) }
    /// A lease shorter than this is treated as this long: a server cannot make the client busy.
    static var dhcpLeaseMin: Interval { .seconds(60) }
}
