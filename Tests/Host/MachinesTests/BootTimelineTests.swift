import JSON
import MonotonicTime
import Testing

@testable import Machines

@Suite struct BootTimelineTests {
    private let start = Instant.origin + .seconds(5)

    private func timeline() -> BootTimeline {
        var timeline = BootTimeline(start: start)
        timeline.note("monitor started", now: start + .milliseconds(3))
        // Arrives 40 ms late, which the next line betrays.
        timeline.note(ConsoleLine("[    0.010000] info  a < b"), now: start + .milliseconds(60))
        timeline.note(ConsoleLine("[    0.030000] info  ready"), now: start + .milliseconds(40))
        timeline.note(ConsoleLine("no line of the log"), now: start + .milliseconds(50))
        timeline.note("ready", now: start + .milliseconds(45))
        return timeline
    }

    @Test func kernelLinesAreThereWhenTheyWereWritten() {
        #expect(timeline().ordered.map { $0.time.milliseconds } == [3, 10, 20, 40, 45])
        #expect(timeline().ordered.map(\.actor) == ["hexa-os", "kernel", "kernel", "kernel", "hexa-os"])
    }

    @Test func aResumedKernelsClockCountsFromItsFirstLine() {
        var timeline = BootTimeline(start: start, isResumed: true)
        timeline.note("monitor started", now: start + .milliseconds(3))
        timeline.note(ConsoleLine("[   70.000000] info  ready, resumed"), now: start + .milliseconds(8))
        timeline.note(ConsoleLine("[   70.002000] info  later"), now: start + .milliseconds(30))
        #expect(timeline.ordered.map { $0.time.milliseconds } == [3, 8, 10])
        #expect(timeline.ordered.map(\.actor) == ["hexa-os", "kernel", "kernel"])
    }

    @Test func jsonHasEveryMilestone() throws {
        #expect(timeline().json.arrayValue?.count == 5)
        #expect(timeline().json[1]?["milestone"] == "entry")
    }

    @Test func drawingEscapesWhatTheGuestSays() {
        let svg = timeline().svg
        #expect(svg.contains("a &lt; b"))
        #expect(!svg.contains("a < b"))
        #expect(svg.hasSuffix("</svg>\n"))
    }

    @Test func timesThatAreNoneAreLeftOut() {
        var timeline = BootTimeline(start: start)
        for time in ["", "x.y", "1", "0.9999999", "99999999999999999999.1"] {
            timeline.note(ConsoleLine("[\(time)] info  a"), now: start)
        }
        #expect(timeline.ordered.isEmpty)
    }
}
