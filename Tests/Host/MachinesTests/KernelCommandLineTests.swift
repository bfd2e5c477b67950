import HostErrors
import Testing

@testable import Machines

@Suite("The kernel command line")
struct KernelCommandLineTests {
    @Test("says what the kernel must know, and leaves to it what nobody chose")
    func words() throws {
        let line = try MachineConfiguration.example().kernelCommandLine()
        #expect(
            line == "hexa.ip=10.0.2.15/24,10.0.2.2 hexa.port=80 hexa.log=info hexa.model=vda "
                + "hexa.model-size=1000 hexa.model-name=tiny hexa.epoch=1700000000 hexa.cpus=2")
    }

    @Test("carries the choices a person made")
    func choices() throws {
        var machine = MachineConfiguration.example(apiKey: "sk-1")
        machine.contextLength = 512
        machine.sequenceCount = 3
        machine.logLevel = .debug
        machine.timeToFirstTokenMilliseconds = 500
        machine.timeBetweenTokensMilliseconds = 100
        let words = try machine.kernelCommandLine().split(separator: " ")
        for word in [
            "hexa.context=512", "hexa.sequences=3", "hexa.log=debug", "hexa.api-key=sk-1",
            "hexa.sla-ttft-ms=500", "hexa.sla-itl-ms=100",
        ] {
            #expect(words.contains { $0 == word })
        }
    }

    @Test(
        "refuses a value that would end a word or a string early, and names the flag",
        arguments: [
            "", "two words", "tab\t", "line\nfeed", "quo\"te", "ключ",
        ])
    func hostileValues(value: String) throws {
        let error = try #require(throws: UnusableValue.self) {
            try MachineConfiguration.example(apiKey: value).kernelCommandLine()
        }
        #expect(error.description.hasPrefix("--api-key "))
        #expect(error.exitCode.rawValue == 64)
    }

    @Test("is refused where QEMU would cut it off")
    func length() throws {
        let line = try MachineConfiguration.example(apiKey: "k").kernelCommandLine()
        let room = MachineConfiguration.commandLineByteCountMax - line.utf8.count
        _ = try MachineConfiguration.example(apiKey: String(repeating: "k", count: room + 1)).kernelCommandLine()
        #expect(throws: UnusableValue.self) {
            try MachineConfiguration.example(apiKey: String(repeating: "k", count: room + 2)).kernelCommandLine()
        }
    }
}
