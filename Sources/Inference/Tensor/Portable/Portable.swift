/// The kernels in scalar Swift: the definition that those of the instruction sets are tested against.
enum Portable {}
