import Testing
@testable import Virtio

@Suite("Notifications and interrupts are sent only when wanted")
struct SuppressionTests {
    @Test("With event indices the first chain of a batch is notified, later ones are not")
    func notificationsWithEventIndex() throws {
        let pair = try QueuePair(size: 8, features: .eventIndex)
        let buffer = pair.memory.allocate(64)
        var notified: [Bool] = []
        for token in 0..<3 as Range<UInt32> {
            try pair.offer(buffer, token: token)
            notified.append(pair.driver.publish())
        }
        #expect(notified == [true, false, false])
        #expect(try pair.echoAll() == 3)
        let missed = pair.device.armNotifications()
        #expect(!missed)
        try pair.offer(buffer, token: 3)
        try pair.offer(buffer, token: 4)
        let again = pair.driver.publish()
        #expect(again, "the batch passes the index the device named")
    }

    @Test(
        "Arming notifications finds what came meanwhile",
        arguments: [
            Features(), .eventIndex,
        ])
    func armedNotifications(features: Features) throws {
        let pair = try QueuePair(size: 8, features: features)
        let buffer = pair.memory.allocate(64)
        for token in 0..<5 as Range<UInt32> {
            try pair.offer(buffer, token: token)
            _ = pair.driver.publish()
        }
        let missed = pair.device.armNotifications()
        #expect(missed)
        #expect(try pair.echoAll() == 5)
        let missedAgain = pair.device.armNotifications()
        #expect(!missedAgain)
    }

    @Test("Publishing nothing notifies nobody")
    func nothingToPublish() throws {
        let pair = try QueuePair(size: 8)
        let notified = pair.driver.publish()
        let interrupted = pair.device.publish()
        #expect(!notified)
        #expect(!interrupted)
    }

    @Test("A polling driver gets no interrupts, an armed one exactly one", arguments: [Features(), .eventIndex])
    func interrupts(features: Features) throws {
        let pair = try QueuePair(size: 8, features: features)
        let buffer = pair.memory.allocate(64)
        pair.driver.suppressInterrupts()
        for round in 0..<20 as Range<UInt32> {
            try pair.offer(buffer, token: round)
            _ = pair.driver.publish()
            _ = try pair.echoAll()
            let interrupted = pair.device.publish()
            #expect(!interrupted)
            #expect(try pair.collect() == [round])
            pair.driver.suppressInterrupts()
        }
        let early = pair.driver.armInterrupts()
        #expect(!early)
        try pair.offer(buffer, token: 100)
        _ = pair.driver.publish()
        _ = try pair.echoAll()
        let interrupted = pair.device.publish()
        #expect(interrupted)
        let hasCompletion = pair.driver.hasCompletion
        #expect(hasCompletion)
    }

    @Test("Arming finds a completion that came before the wish was visible", arguments: [Features(), .eventIndex])
    func armingRace(features: Features) throws {
        let pair = try QueuePair(size: 8, features: features)
        let buffer = pair.memory.allocate(64)
        pair.driver.suppressInterrupts()
        try pair.offer(buffer, token: 1)
        _ = pair.driver.publish()
        _ = try pair.echoAll()
        let interrupted = pair.device.publish()
        #expect(!interrupted)
        let arrived = pair.driver.armInterrupts()
        #expect(arrived)
        #expect(try pair.collect() == [1])
        let again = pair.driver.armInterrupts()
        #expect(!again)
    }

    @Test("The event rule holds for all distances, also across the wrap")
    func eventRule() {
        for start in [0, 10, 65_530] as [UInt16] {
            for distance in 0..<20 as Range<UInt16> {
                for event in 0..<30 as Range<UInt16> {
                    let passed = passesEvent(start &+ event, from: start, to: start &+ distance)
                    #expect(passed == (event < distance))
                }
            }
        }
    }
}
