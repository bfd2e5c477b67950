import Glibc
import HostSystem
import Synchronization

/// Copies a file's pieces into the guest's memory, in a thread beside whoever makes the rest of the machine: the host
/// clears each page that is touched first, which takes as long as all the rest together. The thread's end is waited for
/// when this object goes.
final class MemoryFiller {
    private let work: Work
    private let thread: pthread_t

    /// - Parameters:
    ///   - pieces: all of them are in the file and in the memory, and no two overlap there.
    ///   - touched: what the thread has the host make ready afterwards, in the guest's physical addresses. Nobody waits
    ///     for that, and the guest may run by then.
    init(
        _ memory: MachineMemory, from file: consuming InputFile, _ pieces: [MemoryPiece],
        thenTouching touched: Range<UInt64> = 0..<0
    ) throws(VMMError) {
        let work = Work(
            memory, file, MemoryPiece.byHugePage(pieces), touched: touched, isThreadDone: try EventDescriptor())
        self.work = work
        thread = try HostThread.start("memory") { work.runInThread() }.mapError(VMMError.init).get()
    }

    deinit { pthread_join(thread, nil) }

    /// Does a share of what is left, and waits for the rest.
    func finish() throws(VMMError) {
        work.copyPages()
        work.isThreadDone.wait()
        if let failure = work.failure { throw failure }
    }
}

/// What the threads share.
private final class Work: Sendable {
    private let memory: MachineMemory
    private let file: InputFile
    private let pages: [[MemoryPiece]]
    private let touched: Range<UInt64>
    private let nextPage = Atomic<Int>(0)
    private let firstFailure = Mutex<VMMError?>(nil)
    let isThreadDone: EventDescriptor

    init(
        _ memory: MachineMemory, _ file: consuming InputFile, _ pages: [[MemoryPiece]], touched: Range<UInt64>,
        isThreadDone: consuming EventDescriptor
    ) {
        self.memory = memory
        self.file = file
        self.pages = pages
        self.touched = touched
        self.isThreadDone = isThreadDone
    }

    var failure: VMMError? { firstFailure.withLock { $0 } }

    func runInThread() {
        copyPages()
        isThreadDone.signal()
        memory.touch(touched)
    }

    /// Copies one page after the other, until others have begun the last.
    func copyPages() {
        while true {
            let index = nextPage.wrappingAdd(1, ordering: .relaxed).oldValue
            guard index < pages.count else { return }
            for piece in pages[index] {
                do throws(VMMError) {
                    try memory.copy(piece, of: file)
                } catch {
                    firstFailure.withLock { $0 = $0 ?? error }
                }
            }
        }
    }
}

extension MachineMemory {
    fileprivate func copy(_ piece: MemoryPiece, of file: borrowing InputFile) throws(VMMError) {
        precondition(piece.memoryOffset >= 0 && piece.memoryOffset + piece.byteCount <= mapping.byteCount)
        var done = 0
        while done < piece.byteCount {
            let length = pread(
                file.descriptor.number, mapping.base + piece.memoryOffset + done, piece.byteCount - done,
                off_t(piece.fileOffset + done))
            if length > 0 {
                done += length
            } else if length == 0 || errno != EINTR {
                throw .system(call: "pread into the machine's memory", errno: length == 0 ? ENODATA : errno)
            }
        }
    }
}
