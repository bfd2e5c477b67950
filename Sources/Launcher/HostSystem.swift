// Whoever starts machines waits for them and speaks to them: descriptors, clocks and signals come with this module.
@_exported import HostSystem
