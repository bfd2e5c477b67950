import GuestInterface
import Testing

@Suite("The kernel's command line")
struct KernelConfigurationTests {
    private func parse(_ text: String) throws(KernelConfiguration.ParseError) -> KernelConfiguration {
        try KernelConfiguration(commandLine: Array(text.utf8))
    }

    @Test("an empty line gives the defaults")
    func defaults() throws {
        #expect(try parse("") == KernelConfiguration())
    }

    @Test("every key is read, and words of others are left alone")
    func allKeys() throws {
        let configuration = try parse(
            "console=ttyS0 hexa.ip=10.0.2.15/24,10.0.2.2 hexa.port=8080 hexa.log=debug hexa.model=vdb "
                + "hexa.model-size=12345 hexa.law=vdc hexa.law-size=77 hexa.audit-key=k "
                + "hexa.model-name=smol hexa.api-key=a=b hexa.api-key=c hexa.epoch=1700000000 hexa.context=2048 "
                + "hexa.sequences=16 hexa.sla-ttft-ms=500 hexa.sla-itl-ms=100 hexa.cpus=2 "
                + "virtio_mmio.device=512@0xfeb00e00:12")
        #expect(configuration.addressing == .static(address: 0x0a00_020f, prefixLength: 24, gateway: 0x0a00_0202))
        #expect(configuration.port == 8_080)
        #expect(configuration.logLevel == .debug)
        #expect(configuration.modelDevice == .block(1))
        #expect(configuration.modelByteCount == 12_345)
        #expect(configuration.modelName == Array("smol".utf8))
        #expect(configuration.apiKeys == [Array("a=b".utf8), Array("c".utf8)])
        #expect(configuration.lawDevice == 2)
        #expect(configuration.lawByteCount == 77)
        #expect(configuration.auditKey == Array("k".utf8))
        #expect(configuration.wallClockSeconds == 1_700_000_000)
        #expect(configuration.contextLength == 2_048)
        #expect(configuration.sequenceCount == 16)
        #expect(configuration.timeToFirstTokenMilliseconds == 500)
        #expect(configuration.timeBetweenTokensMilliseconds == 100)
        #expect(configuration.cpuCount == 2)
    }

    @Test(
        "a bad value names its key and what it must be",
        arguments: [
            "hexa.ip=10.0.2.15", "hexa.ip=10.0.2.256/24", "hexa.ip=10.0.2.15/24,", "hexa.ip=10.0.2.15/31",
            "hexa.port=0",
            "hexa.port=65536", "hexa.port=99999999999999999999999", "hexa.port", "hexa.log=loud", "hexa.model=sda",
            "hexa.model=vd", "hexa.law=vdab", "hexa.law-size=0", "hexa.audit-key=",
            "hexa.context=-1", "hexa.sequences=0", "hexa.cpus=x", "hexa.api-key=", "hexa.model-size=0",
            "hexa.sla-ttft-ms=0", "hexa.sla-itl-ms=3600001",
        ])
    func badValues(line: String) throws {
        let key = line.prefix { $0 != "=" }
        let error = #expect(throws: KernelConfiguration.ParseError.self) { try parse(line) }
        #expect(error?.message.contains("'\(key)' must be ") == true)
    }

    @Test("an unknown key of ours is refused: a typing error must not be silent")
    func unknownKey() {
        let error = KernelConfiguration.ParseError.unknownKey(Array("hexa.prot".utf8))
        #expect(throws: error) { try parse("hexa.prot=80") }
    }
}
