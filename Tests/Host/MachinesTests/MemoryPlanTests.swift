import ModelFiles
import Testing

@testable import Machines

@Suite("Memory for machines")
struct MemoryPlanTests {
    private static let mebibyte = 1 << 20
    /// 64 MiB of system, 100 or 800 MiB of keys and values, and little else.
    private let estimate = MemoryEstimate(
        weights: 0, keyValueCache: 800 * mebibyte, keyValueCacheMin: 100 * mebibyte, scratch: 36 * mebibyte,
        system: 64 * mebibyte)

    private func plan(
        count: Int = 1, sharedMiB: Int = 0, requestedMiB: Int? = nil, availableMiB: Int?
    )
        throws(MemoryError) -> Int
    {
        try MemoryPlan(
            estimate, sharedByteCount: sharedMiB * Self.mebibyte, machineCount: count,
            requestedMiB: requestedMiB, availableMiB: availableMiB
        ).machineMiB
    }

    @Test("a machine gets what it can use, what is there, or what was asked for")
    func one() throws {
        #expect(try plan(availableMiB: 10_000) == 900)
        #expect(try plan(availableMiB: nil) == 900)
        #expect(try plan(availableMiB: 300) == 300)
        #expect(try plan(requestedMiB: 250, availableMiB: 10_000) == 250)
    }

    @Test("several divide what is there after the weights, which they have once")
    func several() throws {
        #expect(try plan(count: 4, sharedMiB: 2_000, availableMiB: 10_000) == 900)
        #expect(try plan(count: 4, sharedMiB: 2_000, availableMiB: 3_600) == 400)
        #expect(try plan(count: 4, sharedMiB: 2_000, availableMiB: 2_800) == 200)
    }

    @Test("more machines than fit are refused by their flag, with what they need together")
    func tooMany() throws {
        let error = try #require(throws: MemoryError.self) {
            try plan(count: 4, sharedMiB: 2_000, availableMiB: 2_799)
        }
        #expect(error == .hostTooSmall(neededMiB: 2_800, availableMiB: 2_799, machineCount: 4))
        #expect(error.exitCode.rawValue == 78)
        #expect(
            error.description == "4 machines of this model need 2800 MiB and the host has 2799 MiB available: "
                + "lower --replicas, --context or --sequences, or take a smaller model")
    }

    @Test("one that does not fit is refused, however large the file that it maps")
    func tooLarge() throws {
        #expect(try plan(sharedMiB: 5_000, availableMiB: 200) == 200)
        let error = try #require(throws: MemoryError.self) { try plan(availableMiB: 199) }
        #expect(error == .hostTooSmall(neededMiB: 200, availableMiB: 199))
        #expect(!error.description.contains("--replicas"))
    }

    @Test("less than a model needs is refused though it was asked for")
    func requestedTooLittle() throws {
        let error = try #require(throws: MemoryError.self) { try plan(requestedMiB: 199, availableMiB: 10_000) }
        #expect(error == .requestTooSmall(requestedMiB: 199, neededMiB: 200))
    }
}
