import Glibc

/// libFuzzer's own loop (LLVM `FuzzerInterface.h`): takes its options from the arguments, and does not return before
/// its time is over or an input has failed.
@_silgen_name("LLVMFuzzerRunDriver")
func runFuzzer(
    _ argumentCount: UnsafeMutablePointer<CInt>,
    _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
    _ testOneInput: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
) -> CInt

var argumentCount = CommandLine.argc
var arguments = CommandLine.unsafeArgv
exit(
    runFuzzer(&argumentCount, &arguments) { bytes, count in
        FuzzTarget.selected.run(FuzzInput(Array(UnsafeBufferPointer(start: bytes, count: count))))
        return 0
    })
