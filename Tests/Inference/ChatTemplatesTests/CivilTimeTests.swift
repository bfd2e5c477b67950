import Foundation
import TestSupport
import Testing

@testable import ChatTemplates

@Suite("Civil time")
struct CivilTimeTests {
    private func text(_ seconds: Int64, _ format: String) -> String? {
        CivilTime(secondsSinceEpoch: seconds).formatted(Array(format.utf8)).map { String(decoding: $0, as: UTF8.self) }
    }

    @Test(
        "leap days, centuries and times before 1970",
        arguments: [
            (0, "1970-01-01 00:00:00 Thu"), (951_782_400, "2000-02-29 00:00:00 Tue"), (-1, "1969-12-31 23:59:59 Wed"),
            (4_107_542_399, "2100-02-28 23:59:59 Sun"), (4_107_542_400, "2100-03-01 00:00:00 Mon"),
            (1_795_496_947, "2026-11-24 05:09:07 Tue"), (-2_208_988_800, "1900-01-01 00:00:00 Mon"),
        ] as [(Int64, String)])
    func dates(seconds: Int64, expected: String) {
        #expect(text(seconds, "%Y-%m-%d %H:%M:%S %a") == expected)
    }

    @Test("agrees with the C library on random days")
    func random() {
        var random = SplitMix64(seed: 3)
        for _ in 0..<2_000 {
            let seconds = Int64.random(in: -60_000_000_000...200_000_000_000, using: &random)
            var time = time_t(seconds)
            var parts = tm()
            gmtime_r(&time, &parts)
            let found = CivilTime(secondsSinceEpoch: seconds)
            #expect(found.year == Int(parts.tm_year) + 1900 && found.month == Int(parts.tm_mon) + 1)
            #expect(found.day == Int(parts.tm_mday) && found.hour == Int(parts.tm_hour))
            #expect(found.minute == Int(parts.tm_min) && found.second == Int(parts.tm_sec))
        }
    }

    @Test("conversions, and those that are not known")
    func formats() {
        #expect(
            text(1_795_496_947, "%B %b %A %-d %e %I%p %y %F %T 100%%")
                == "November Nov Tuesday 24 24 05AM 26 2026-11-24 05:09:07 100%")
        #expect(text(0, "%Q") == nil)
        #expect(text(0, "%") == "%")
        #expect(CivilTime(secondsSinceEpoch: .min).month >= 1)
        #expect(CivilTime(secondsSinceEpoch: .max).month >= 1)
    }
}
