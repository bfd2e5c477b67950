import HexaBytecode

/// A function being executed: where its registers are, and where it goes on when what it called returns.
struct Frame: BitwiseCopyable {
    var function: UnsafeMutablePointer<FunctionRecord>
    /// The closure whose captures the function reads, as an address; 0 for none.
    var closure: UInt
    var base: ValueWindow
    var pc: CodePointer
}

/// What the interpreter needs of a function, in one cache line.
struct FunctionRecord: BitwiseCopyable {
    var code: CodePointer
    var registerCount: Int32
    var parameterCount: Int32
    var captureCount: Int32
    var index: Int32
}

/// One cooperative task: registers and frames of its calls.
final class ProgramTask {
    // SAFETY: `frames` begin the frames in use, and `frame` is the last of them.

    enum State {
        case ready
        /// Until one of these channels has a value.
        case waiting(on: [UInt])
    }

    var state = State.ready
    let isMain: Bool
    var stack: ValueWindow
    var stackCapacity: Int
    var frames: UnsafeMutablePointer<Frame>
    var frameCapacity: Int
    /// The innermost frame, while the task does not run.
    var frame: UnsafeMutablePointer<Frame>

    init(isMain: Bool) {
        self.isMain = isMain
        stackCapacity = MachineLimits.stackValuesInitial
        stack = .allocate(capacity: stackCapacity)
        frameCapacity = MachineLimits.framesInitial
        frames = .allocate(capacity: frameCapacity)
        frame = frames
    }

    deinit {
        stack.deallocate()
        frames.deallocate()
    }

    var allocatedBytes: Int {
        stackCapacity * MemoryLayout<Value>.stride + frameCapacity * MemoryLayout<Frame>.stride
    }

    /// Moves the registers to a larger stack; every frame's base moves along.
    func growStack(to capacity: Int) {
        let larger = ValueWindow.allocate(capacity: capacity)
        larger.update(from: stack, count: stackCapacity)
        var current = frames
        while current <= frame {
            current.pointee.base = larger + (current.pointee.base - stack)
            current += 1
        }
        stack.deallocate()
        stack = larger
        stackCapacity = capacity
    }

    func growFrames(to capacity: Int) {
        let larger = UnsafeMutablePointer<Frame>.allocate(capacity: capacity)
        let depth = frame - frames
        larger.update(from: frames, count: depth + 1)
        frames.deallocate()
        frames = larger
        frame = larger + depth
        frameCapacity = capacity
    }
}
