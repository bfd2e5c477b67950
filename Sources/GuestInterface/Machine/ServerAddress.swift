/// Where the guest's server is found inside of its machine.
package enum ServerAddress {
    /// Of TCP and of vsock, unless the command line says otherwise.
    package static var port: UInt16 { 80 }
    /// The vsock context of the guest: any above the host's does, as each machine has a host side of its own.
    package static var guestContext: UInt64 { 3 }
}
