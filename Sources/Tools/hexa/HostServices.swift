import Foundation
import HexaBytecode
import HexaVM

/// The kernel calls that an ordinary computer can answer. The appliance's are unavailable here.
enum HostServices {
    static func answer(_ request: KernelRequest) -> Result<HostValue, KernelError> {
        switch request.call {
        case .readFile: withText(request, 0, readFile)
        case .writeFile: withText(request, 0) { write($0, request, append: false) }
        case .appendFile: withText(request, 0) { write($0, request, append: true) }
        case .exists: withText(request, 0) { .success(.bool(FileManager.default.fileExists(atPath: $0))) }
        case .listDirectory: withText(request, 0, list)
        case .exec: withText(request, 0, execute)
        case .environment: withText(request, 0) { .success(.string(ProcessInfo.processInfo.environment[$0] ?? "")) }
        case .clock: .success(.float(Double(DispatchTime.now().uptimeNanoseconds) / 1e9))
        case .now: .success(.int(Int64(Date().timeIntervalSince1970)))
        case .log:
            withText(request, 0) { text in
                Console.error(text + "\n")
                return .success(.void)
            }
        default:
            .failure(KernelError(.unavailable, "\(request.call.signature.name) exists only in the appliance"))
        }
    }

    private static func withText(
        _ request: KernelRequest, _ index: Int, _ body: (String) -> Result<HostValue, KernelError>
    ) -> Result<HostValue, KernelError> {
        guard case .string(let bytes) = request.arguments[index] else {
            return .failure(KernelError(.type, "\(request.call.signature.name) needs a string"))
        }
        return body(String(decoding: bytes, as: UTF8.self))
    }

    private static func readFile(_ path: String) -> Result<HostValue, KernelError> {
        guard let bytes = SourceLoading.bytes(path) else { return .failure(KernelError(.io, "cannot read \(path)")) }
        return .success(.string(bytes))
    }

    private static func write(
        _ path: String, _ request: KernelRequest,
        append: Bool
    ) -> Result<HostValue, KernelError> {
        guard case .string(let bytes) = request.arguments[1] else {
            return .failure(KernelError(.type, "\(request.call.signature.name) writes a string"))
        }
        let descriptor = open(path, O_WRONLY | O_CREAT | (append ? O_APPEND : O_TRUNC), 0o644)
        guard descriptor >= 0 else { return .failure(KernelError(.io, "cannot write \(path)")) }
        defer { close(descriptor) }
        Console.write(bytes, to: descriptor)
        return .success(.void)
    }

    private static func list(_ path: String) -> Result<HostValue, KernelError> {
        guard let names = try? FileManager.default.contentsOfDirectory(atPath: path) else {
            return .failure(KernelError(.io, "cannot list \(path)"))
        }
        return .success(.array(names.sorted().map { .string($0) }))
    }

    private static func execute(_ command: String) -> Result<HostValue, KernelError> {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = ["-c", command]
        let pipe = Pipe()
        process.standardOutput = pipe
        do {
            try process.run()
        } catch {
            return .failure(KernelError(.io, "cannot run a shell"))
        }
        let data = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return .success(.string([UInt8](data)))
    }
}
