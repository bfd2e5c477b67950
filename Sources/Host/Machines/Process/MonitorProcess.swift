import Glibc
import HostErrors
import HostSystem

/// A monitor as a child: its standard input and output are the guest's console, and it reads from a pipe what machine
/// it is to run.
struct MonitorProcess: ~Copyable {
    let process: BoundProcess
    /// Towards the guest's serial port.
    let consoleInput: FileDescriptor
    let consoleOutput: FileDescriptor
    /// From the monitor's metrics, which it writes when the machine has ended.
    let metricsOutput: FileDescriptor
    private let configuration: FileDescriptor

    /// - Parameters:
    ///   - listener: the socket that our own monitor takes over; nil for other monitors, which are given less.
    ///   - memory: where our own monitor writes the memory of a machine that is saved.
    init(
        path: String, arguments: [String], listener: Int32? = nil, memory: Int32? = nil
    ) throws(StartFailure) {
        let input = try Pipe()
        let output = try Pipe()
        let configuration = try Pipe()
        let metrics = try Pipe()
        var descriptors = [
            input.reading.number, output.writing.number, STDERR_FILENO, configuration.reading.number,
        ]
        if let listener { descriptors += [listener, metrics.writing.number] }
        if let memory { descriptors.append(memory) }
        process = try BoundProcess(path: path, arguments: arguments, descriptors: descriptors)
        output.reading.setNonBlocking()
        consoleInput = input.writing
        consoleOutput = output.reading
        metricsOutput = metrics.reading
        self.configuration = configuration.writing
    }

    /// Tells the monitor what machine to run; it waits for that. To be called once.
    func configure(_ file: String) { configuration.write(Array(file.utf8)) }
}
