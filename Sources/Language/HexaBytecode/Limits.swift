/// What a bytecode module may contain. Each maximum says what fixes it.
public enum BytecodeLimits {
    /// Registers of one frame: register operands are one byte, and calls need one register past the last argument.
    public static let registersMax = 250
    /// Arguments of one call: the count is one byte and the arguments are registers.
    public static let argumentsMax = 200
    /// Instructions of one function: keeps a module's largest function within 8 MiB and jump distances far from
    /// overflow.
    public static let instructionsMax = 1 << 20
    /// Functions, constants, names and globals of a module: far more than any program needs, small enough to allocate.
    public static let tableEntriesMax = 1 << 18
    /// Structs and enums of a module, and type descriptors.
    public static let typesMax = 1 << 14
    /// Fields of a struct: they are built from consecutive registers.
    public static let fieldsMax = 200
    /// Variants of an enum: the variant operand is one byte.
    public static let variantsMax = 256
    /// Bytes of one string constant or name.
    public static let stringBytesMax = 1 << 20
    /// Bytes of a whole module file.
    public static let moduleBytesMax = 64 << 20
}
