/// A date and time of day (UTC, Gregorian), for templates that state today's date.
public struct CivilTime: Equatable, Sendable {
    public let year: Int
    /// 1...12
    public let month: Int
    /// 1...31
    public let day: Int
    public let hour: Int
    public let minute: Int
    public let second: Int
    /// Days since 1970-01-01, a Thursday.
    private let dayNumber: Int

    /// - Parameter secondsSinceEpoch: since 1970-01-01T00:00:00Z, without leap seconds; any value.
    public init(secondsSinceEpoch: Int64) {
        let (days, seconds) = Self.floorDivide(Int(secondsSinceEpoch), 86_400)
        dayNumber = days
        hour = seconds / 3_600
        minute = seconds / 60 % 60
        second = seconds % 60
        // Years begin on the first of March and eras of 400 years on 0000-03-01: then leap days come last.
        let (era, dayOfEra) = Self.floorDivide(days + 719_468, 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    }

    private static func floorDivide(_ value: Int, _ divisor: Int) -> (quotient: Int, remainder: Int) {
        let remainder = value % divisor
        return remainder < 0 ? (value / divisor - 1, remainder + divisor) : (value / divisor, remainder)
    }

    private static var monthNames: [String] {
        [
            "January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
            "November", "December",
        ]
    }

    private static var weekdayNames: [String] {
        ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"]
    }

    /// C's `strftime` in the C locale; nil for a conversion that is not known. `%-d` leaves the padding out.
    func formatted(_ format: [UInt8]) -> [UInt8]? {
        var plain: [UInt8] = []
        var index = 0
        while index < format.count {
            guard format[index] == UInt8(ascii: "%"), index + 1 < format.count else {
                plain.append(format[index])
                index += 1
                continue
            }
            index += 1
            let isUnpadded = format[index] == UInt8(ascii: "-") && index + 1 < format.count
            if isUnpadded { index += 1 }
            guard let field = field(format[index], width: isUnpadded ? 1 : 2) else { return nil }
            plain += Array(field.utf8)
            index += 1
        }
        return plain
    }

    private func field(_ conversion: UInt8, width: Int) -> String? {
        let weekday = Self.floorDivide(dayNumber + 4, 7).remainder
        let hourOfHalf = hour % 12 == 0 ? 12 : hour % 12
        switch conversion {
        case UInt8(ascii: "Y"): return Self.padded(year, width: 4)
        case UInt8(ascii: "y"): return Self.padded(Self.floorDivide(year, 100).remainder, width: width)
        case UInt8(ascii: "m"): return Self.padded(month, width: width)
        case UInt8(ascii: "B"): return Self.monthNames[month - 1]
        case UInt8(ascii: "b"), UInt8(ascii: "h"): return String(Self.monthNames[month - 1].prefix(3))
        case UInt8(ascii: "d"): return Self.padded(day, width: width)
        case UInt8(ascii: "e"): return (day < 10 && width == 2 ? " " : "") + "\(day)"
        case UInt8(ascii: "A"): return Self.weekdayNames[weekday]
        case UInt8(ascii: "a"): return String(Self.weekdayNames[weekday].prefix(3))
        case UInt8(ascii: "H"): return Self.padded(hour, width: width)
        case UInt8(ascii: "I"): return Self.padded(hourOfHalf, width: width)
        case UInt8(ascii: "p"): return hour < 12 ? "AM" : "PM"
        case UInt8(ascii: "M"): return Self.padded(minute, width: width)
        case UInt8(ascii: "S"): return Self.padded(second, width: width)
        case UInt8(ascii: "F"): return "\(Self.padded(year, width: 4))-\(Self.padded(month))-\(Self.padded(day))"
        case UInt8(ascii: "T"): return "\(Self.padded(hour)):\(Self.padded(minute)):\(Self.padded(second))"
        case UInt8(ascii: "Z"): return "UTC"
        case UInt8(ascii: "%"): return "%"
        default: return nil
        }
    }

    private static func padded(_ value: Int, width: Int = 2) -> String {
        let digits = "\(value)"
        return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
    }
}
