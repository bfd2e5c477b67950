import GuestInterface

/// The first serial port of a PC, a 16550 as far as kernels use one: output is taken at once, input waits in a queue of
/// bounded length, and an interrupt says that there is some.
struct SerialPort {
    static let ports: ClosedRange<UInt16> = SerialLine.firstPort...SerialLine.firstPort + 7
    static let interruptLine = UInt32(SerialLine.interruptLine)

    /// Offsets from the first port (National Semiconductor PC16550D, table II).
    private enum Register {
        static let data: UInt16 = 0
        static let interruptEnable: UInt16 = 1
        static let interruptIdentification: UInt16 = 2
        static let lineControl: UInt16 = 3
        static let modemControl: UInt16 = 4
        static let lineStatus: UInt16 = 5
        static let modemStatus: UInt16 = 6
        static let scratch: UInt16 = 7
    }

    private static let interruptOnData: UInt8 = 1 << 0
    private static let interruptOnRoom: UInt8 = 1 << 1
    /// In the line control: the first two ports are the divisor.
    private static let divisorAccess: UInt8 = 1 << 7
    private static let dataReady: UInt8 = 1 << 0
    private static let transmitterEmpty: UInt8 = 0b0110_0000
    /// Carrier, data set ready, clear to send.
    private static let modemReady: UInt8 = 0b1011_0000

    private var interruptEnable: UInt8 = 0
    private var lineControl: UInt8 = 0
    private var modemControl: UInt8 = 0
    private var scratch: UInt8 = 0
    private var divisor: (low: UInt8, high: UInt8) = (1, 0)
    private var isRoomAnnounced = false
    private var input: [UInt8] = []

    /// Queues bytes for the guest to read; what is beyond the queue's length is lost, as on a line.
    mutating func receive(_ bytes: some Collection<UInt8>) {
        input += bytes.prefix(VMMLimits.consoleInputBytesMax - input.count)
    }

    /// Whether the interrupt line is to be raised: ask after `receive` and after each write.
    var wantsInterrupt: Bool { identification & 1 == 0 }

    private var identification: UInt8 {
        if interruptEnable & Self.interruptOnData != 0, !input.isEmpty { return 0b0100 }
        if interruptEnable & Self.interruptOnRoom != 0, isRoomAnnounced { return 0b0010 }
        return 0b0001
    }

    private var accessesDivisor: Bool { lineControl & Self.divisorAccess != 0 }

    /// What the guest reads at `port`.
    mutating func read(_ port: UInt16) -> UInt8 {
        switch port - Self.ports.lowerBound {
        case Register.data: accessesDivisor ? divisor.low : input.isEmpty ? 0 : input.removeFirst()
        case Register.interruptEnable: accessesDivisor ? divisor.high : interruptEnable
        case Register.interruptIdentification: takeIdentification()
        case Register.lineControl: lineControl
        case Register.modemControl: modemControl
        case Register.lineStatus: Self.transmitterEmpty | (input.isEmpty ? 0 : Self.dataReady)
        case Register.modemStatus: Self.modemReady
        default: scratch
        }
    }

    private mutating func takeIdentification() -> UInt8 {
        let value = identification
        // Reading it takes the notice of room back.
        if value == 0b0010 { isRoomAnnounced = false }
        return value
    }

    /// Takes what the guest writes to `port`; answers the byte that is to be put out, if it is one.
    mutating func write(_ value: UInt8, to port: UInt16) -> UInt8? {
        switch port - Self.ports.lowerBound {
        case Register.data where accessesDivisor: divisor.low = value
        case Register.data:
            isRoomAnnounced = true
            return value
        case Register.interruptEnable where accessesDivisor: divisor.high = value
        case Register.interruptEnable:
            isRoomAnnounced = value & Self.interruptOnRoom != 0
            interruptEnable = value & 0x0f
        case Register.lineControl: lineControl = value
        case Register.modemControl: modemControl = value & 0x1f
        case Register.scratch: scratch = value
        default: break
        }
        return nil
    }
}
