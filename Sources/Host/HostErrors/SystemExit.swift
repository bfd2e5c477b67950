/// Exit codes of all programs, after BSD's `sysexits.h` where that has a fitting one.
public enum SystemExit: Int32, Sendable {
    /// EX_USAGE
    case usage = 64
    /// EX_DATAERR
    case dataError = 65
    /// EX_NOINPUT
    case noInput = 66
    /// EX_UNAVAILABLE
    case unavailable = 69
    /// EX_SOFTWARE
    case software = 70
    /// EX_OSERR
    case osError = 71
    /// EX_CANTCREAT
    case cannotCreate = 73
    /// EX_IOERR
    case ioError = 74
    /// EX_TEMPFAIL
    case temporaryFailure = 75
    /// EX_PROTOCOL
    case protocolError = 76
    /// EX_NOPERM
    case noPermission = 77
    /// EX_CONFIG
    case configuration = 78
    /// As shells report a program that SIGINT ended.
    case interrupted = 130
}
