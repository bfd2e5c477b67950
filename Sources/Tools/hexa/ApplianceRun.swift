import ArgumentParser
import Client
import Foundation
import HexaBytecode
import HostSystem
import Reporting

/// Where and as whom a program runs that does not run here.
struct ApplianceRunOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Run it in this running appliance.", valueName: "http://host:port"))
    var appliance: String?

    @Option(help: "The bearer token to present; better given as HEXA_API_KEY.")
    var apiKey: String?

    @Option(help: "What the appliance's law calls the program (default: the file's name).")
    var name: String?

    @Option(help: ArgumentHelp("What request() returns: a file, or - for standard input.", valueName: "file"))
    var request: String?

    func validate() throws {
        guard appliance == nil else { return }
        for (flag, value) in [("--api-key", apiKey), ("--name", name), ("--request", request)] where value != nil {
            throw ValidationError("\(flag) means nothing without --appliance")
        }
    }
}

/// A program's visit to an appliance: installed, run once, removed.
struct ApplianceRun {
    private let client: ApplianceClient
    private let path: String
    private let arguments: [String]
    private let request: [UInt8]

    /// The appliance stops a run that takes longer than 120 s.
    private static let silenceSeconds = 150

    init(_ options: ApplianceRunOptions, url: String, file: String, arguments: [String]) throws {
        let fileName = ((file as NSString).lastPathComponent as NSString).deletingPathExtension
        path = "/v1/programs/" + ApplianceClient.percentEncoded(options.name ?? fileName)
        self.arguments = arguments
        request = try options.request.map(Self.bytes) ?? []
        do {
            client = try ApplianceClient(url: url, apiKey: options.apiKey ?? HostEnvironment.apiKey)
        } catch {
            Console.error("hexa: --appliance must look like http://127.0.0.1:8080\n")
            throw ExitCode(2)
        }
    }

    private static func bytes(of path: String) throws -> [UInt8] {
        path == "-" ? FileDescriptor(owning: dup(STDIN_FILENO)).readAll() : try SourceLoading.read(path).bytes
    }

    /// Ends with exit code 1 when the program failed, and 130 when a signal ended it.
    func run(_ module: VerifiedModule) throws {
        try reportingFailure {
            let signals = SignalInbox()
            // One that is there belongs to somebody: it is neither replaced nor, afterwards, removed.
            _ = try client.request("POST", path, headers: ["If-None-Match: *"], body: module.module.encoded())
            let end = Result { try invoke(signals: signals.descriptor.number) }
            _ = try client.request("DELETE", path)
            try finish(end)
        }
    }

    private func finish(_ end: Result<Int32, any Error>) throws {
        switch end {
        case .success(0): return
        case .success(let code): throw ExitCode(code)
        case .failure(ClientError.refused(500, let message)):
            Console.error("error: \(message)")
            throw ExitCode(1)
        case .failure(let error): throw error
        }
    }

    /// Shows what the program answers as it comes; the exit code.
    private func invoke(signals: Int32) throws -> Int32 {
        let query = arguments.map { "arg=" + ApplianceClient.percentEncoded($0) }.joined(separator: "&")
        var answer = try client.open(
            "POST", path + "/invoke" + (query.isEmpty ? "" : "?" + query), body: request,
            silenceSeconds: Self.silenceSeconds)
        while Self.waitsForAnswer(answer.descriptor, orSignal: signals) {
            guard let piece = try answer.next() else {
                return answer.trailer("program-outcome") == "failed" ? 1 : 0
            }
            Console.write(piece)
        }
        return 130
    }

    /// Whether the answer has gone on; false when a signal asks for the end.
    private static func waitsForAnswer(_ answer: Int32, orSignal signals: Int32) -> Bool {
        var waits = [
            pollfd(fd: answer, events: Int16(POLLIN), revents: 0),
            pollfd(fd: signals, events: Int16(POLLIN), revents: 0),
        ]
        poll(&waits, 2, Int32(silenceSeconds) * 1_000)
        return waits[1].revents == 0
    }
}
