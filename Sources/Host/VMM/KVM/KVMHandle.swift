import CKVM
import HostSystem

/// A descriptor that answers KVM's ioctls, with errors that name the call.
struct KVMHandle: ~Copyable {
    let descriptor: FileDescriptor

    /// Calls with a number. Answers the call's result, never negative.
    @discardableResult
    func call(
        _ request: ckvm_request, _ name: StaticText, _ argument: UInt64 = 0
    ) throws(VMMError) -> Int32 {
        let result = ckvm_call(descriptor.number, request, argument)
        guard result >= 0 else { throw .kvm(call: name, errno: -result) }
        return result
    }

    /// Calls with a structure, which the call may read and write.
    func call<Structure: BitwiseCopyable>(
        _ request: ckvm_request, _ name: StaticText, with structure: inout Structure
    ) throws(VMMError) {
        let result = withUnsafeMutablePointer(to: &structure) { pointer in
            // SAFETY: the pointer is valid for the call, and `structure` is what the request takes.
            ckvm_call_with(descriptor.number, request, pointer)
        }
        guard result >= 0 else { throw .kvm(call: name, errno: -result) }
    }

    /// Makes a descriptor by a call.
    func make(
        _ request: ckvm_request, _ name: StaticText, _ argument: UInt64 = 0
    ) throws(VMMError) -> KVMHandle {
        KVMHandle(descriptor: FileDescriptor(owning: try call(request, name, argument)))
    }
}
