extension NetworkDevice {
    /// Asks for an interrupt with the next frame, and, if all transmit buffers are out, with the next that is free.
    ///
    /// - Returns: true when there is work already, or the device has failed: poll again instead of going idle.
    public func armInterrupts() -> Bool {
        guard fault == nil else { return true }
        let received = receiveQueue.armInterrupts()
        guard transmitBuffers.freeCount == 0 else { return received }
        let sent = transmitQueue.armInterrupts()
        return received || sent
    }

    /// Asks for no interrupts while the driver is polled. Costs two stores; call it after each wake-up.
    public func suppressInterrupts() {
        receiveQueue.suppressInterrupts()
        transmitQueue.suppressInterrupts()
    }

    /// Whether `transmit` would find a buffer.
    public var canTransmit: Bool {
        fault == nil && (transmitBuffers.freeCount > 0 || transmitQueue.hasCompletion)
    }

    /// Whether the link is up, if the device says so: an exit. True for a device that does not.
    public var isLinkUp: Bool {
        guard reportsLinkStatus else { return true }
        let status = transport.configuration16(at: NetworkConfigurationLayout.status)
        return status & NetworkConfigurationLayout.linkUp != 0
    }
}
