import Dispatch
import FleetHost
import Glibc
import HostSystem
import JSON
import Machines
import Reporting

/// A fleet from its start to the signal that ends it.
enum FleetSession {
    /// How often a second signal is looked for while the first one is obeyed.
    private static let signalPollMilliseconds = 20

    /// This program, which runs the machines as well.
    static var program: String {
        guard let path = realpath("/proc/self/exe", nil) else { return "/proc/self/exe" }
        defer { free(path) }
        return String(cString: path)
    }

    /// `machineKey` is what each machine finds as `HEXA_API_KEY`.
    static func serve(
        _ configuration: FleetConfiguration, at port: consuming ServerPort, machineKey: String?, printsJSON: Bool
    ) throws {
        let signals = SignalInbox()
        // Machines inherit the key; on their command lines everybody could see it.
        if let machineKey { setenv("HEXA_API_KEY", machineKey, 1) }
        let number = port.number
        let service = try FleetService.make(configuration, at: port) { Terminal.note($0) }
        service.whenReady { announce(configuration, port: number, printsJSON: printsJSON) }
        signals.wait()
        let done = DispatchSemaphore(value: 0)
        service.shutDown().whenComplete { _ in done.signal() }
        // After a second signal, or a third, this program ends and the machines with it.
        while done.wait(timeout: .now() + .milliseconds(signalPollMilliseconds)) == .timedOut {
            if signals.takeOne() { return Terminal.warn("machines were still answering or ending: cut off") }
        }
        Terminal.note("stopped")
    }

    private static func announce(_ configuration: FleetConfiguration, port: UInt16, printsJSON: Bool) {
        let url = "http://127.0.0.1:\(port)/v1"
        let names = configuration.entries.map(\.name)
        Terminal.note("serving at \(url) (\(names.count == 1 ? "model \(names[0])" : "\(names.count) models"))")
        guard printsJSON else { return Terminal.note("press Ctrl-C to stop") }
        let event: JSONValue = [
            "event": "ready", "url": .string(JSONString(url)),
            "models": .array(names.map { .string(JSONString($0)) }),
        ]
        Terminal.print(String(decoding: event.serialized(), as: UTF8.self))
    }
}
