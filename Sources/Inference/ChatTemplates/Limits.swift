/// Bounds on what a chat template may cost. Templates come with model files and run on every request; nothing in them
/// is trusted to end.
public enum TemplateLimits {
    /// Bytes of a template's source. The longest in use are about 20 KiB.
    public static let sourceByteCountMax = 1 << 20
    /// Blocks and parentheses inside one another while parsing: bounds the parser's stack.
    public static let nestingMax = 32
    /// Height of an expression's tree, which long chains such as `a + b + c` build as well.
    public static let expressionHeightMax = 100
    /// Statements, expressions and macro calls inside one another while rendering: bounds the renderer's stack.
    public static let renderDepthMax = 128
    /// Steps of one rendering. A step is a statement, an expression or `bytesPerStep` bytes of work on text, and takes
    /// about 0.1 microseconds: a rendering ends within some tenths of a second. A long conversation takes some tens of
    /// thousands.
    public static let fuelMax = 2_000_000
    /// Bytes of text that a step works on.
    public static let bytesPerStep = 16
    /// Bytes of the rendered prompt and of every string on the way to it.
    public static let stringByteCountMax = 8 << 20
    /// Variables of one scope; each look-up walks over them. Public templates have a few dozen.
    public static let variableCountMax = 1_024
    /// Elements of a list that a template makes (`range`).
    public static let listCountMax = 1 << 20
    /// Lists and objects inside one another: bounds the stack of printing, comparing and freeing them. More than
    /// `JSONLimits.depthMax`, so that what a request may hold is never too deep.
    public static let valueDepthMax = 192
}
