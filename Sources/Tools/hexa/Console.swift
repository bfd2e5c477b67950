import Foundation

/// Bytes to the terminal, unbuffered by anything that would reorder them.
enum Console {
    static func write(_ bytes: [UInt8], to descriptor: Int32 = 1) {
        var offset = 0
        while offset < bytes.count {
            let written = bytes.withUnsafeBytes {
                Foundation.write(
                    descriptor, $0.baseAddress! + offset,
                    bytes.count - offset)
            }
            if written < 0, errno == EINTR { continue }
            guard written > 0 else { return }
            offset += written
        }
    }

    static func write(_ text: String) { write(Array(text.utf8)) }

    static func error(_ text: String) { write(Array(text.utf8), to: 2) }

    static func exit(_ code: Int32) -> Never { Foundation.exit(code) }

    static var isInteractive: Bool { isatty(0) == 1 }
}
