extension QEMUCommand {
    /// The call as a person or a script would make it: the kernel command line in `-append`, where everybody can read
    /// it, instead of on a descriptor that only this program can provide.
    public var standaloneArguments: [String] {
        Array(arguments.dropLast(2)) + ["-append", kernelCommandLine]
    }

    /// `standaloneArguments` as a line for a POSIX shell.
    public var shellLine: String {
        ([Self.program] + standaloneArguments).map(Self.quoted).joined(separator: " ")
    }

    private static func quoted(_ word: String) -> String {
        let isPlain =
            !word.isEmpty
            && word.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"):
                    true
                default: "-_./=,:+@%".utf8.contains(byte)
                }
            }
        if isPlain { return word }
        // Inside single quotes everything stands for itself but the quote.
        return "'" + word.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
    }
}
