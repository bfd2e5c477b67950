import Glibc

/// Programs of the host, found as a shell finds them.
public enum ProgramSearch {
    /// The absolute path of `program` on the search path.
    public static func locate(
        _ program: String, orElse failure: MissingProgram = .qemu,
        searchPath: String = getenv("PATH").map { String(cString: $0) } ?? ""
    ) throws(MissingProgram) -> String {
        for folder in searchPath.split(separator: ":") {
            let candidate = "\(folder)/\(program)"
            if access(candidate, X_OK) == 0 { return candidate }
        }
        throw failure
    }
}
