// Whoever starts machines waits for them, speaks to them and tells why they fail: descriptors, clocks and signals, the
// client and the failures come with this module.
@_exported import Client
@_exported import HostSystem
