/// The serial port that is the machine's console: the first one of a PC, a 16550.
package enum SerialLine {
    package static var firstPort: UInt16 { 0x3f8 }
    package static var interruptLine: UInt8 { 4 }
}
