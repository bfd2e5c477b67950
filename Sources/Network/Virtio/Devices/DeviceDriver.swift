/// What all drivers have in common: the line to a running device, and whether the device is still to be trusted.
///
/// Drivers are made for one thread that polls between other work. While it polls, interrupts are suppressed; before it
/// goes idle it arms them on every driver, and goes idle only if none answers that there is work. When a line has risen
/// it calls `clearInterrupt` on that line's driver, always, since a line that stays up carries no news; then it
/// polls. No call waits, and none allocates.
///
/// After the first `DeviceFault` the device has been reset. Each call throws the same fault from then on, and what was
/// in flight does not come back: drop the driver.
public class DeviceDriver<Registers: RegisterSpace> {
    /// Why the device was given up, if it was.
    public final private(set) var fault: DeviceFault?

    final let transport: MMIOTransport<Registers>

    init(_ transport: MMIOTransport<Registers>) {
        self.transport = transport
    }

    deinit {
        // A device must not write to memory whose owner has forgotten it.
        try? transport.reset()
    }

    /// Lowers the device's interrupt line: one exit. Poll afterwards, not before.
    public final func clearInterrupt() {
        transport.clearInterrupt()
    }

    /// Resets the device. Afterwards the driver's memory, and what was lent with requests, may be used for something
    /// else. The driver is of no more use.
    ///
    /// - Throws: `.resetTimeout` when the device does not confirm; that memory must then never be reused.
    public final func shutDown() throws(VirtioInitializationError) {
        try transport.reset()
    }

    final func check() throws(DeviceFault) {
        if let fault {
            throw fault
        }
    }

    /// Remembers the fault and resets the device. Whether it confirms is for `shutDown` to say, which the owner calls
    /// before reusing memory.
    final func fail(_ fault: DeviceFault) -> DeviceFault {
        if self.fault == nil {
            self.fault = fault
            try? transport.reset()
        }
        return fault
    }

    /// Takes the next completion of one of the device's queues; a lie ends the device.
    final func nextCompletion(
        of queue: inout Virtqueue, index: UInt16
    ) throws(DeviceFault) -> VirtqueueCompletion? {
        try check()
        do {
            return try queue.nextCompletion()
        } catch {
            throw fail(.queue(index, error))
        }
    }

    /// Publishes what was submitted to one of the device's queues, and notifies the device if it wants that.
    final func publish(_ queue: inout Virtqueue, index: UInt16) {
        if fault == nil, queue.publish() {
            transport.notify(queue: index)
        }
    }
}
