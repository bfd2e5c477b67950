// swift-tools-version: 6.2
import PackageDescription

// One package, two homes. `HEXA_KERNEL=1` builds the freestanding kernel (Embedded Swift, a static library that
// `make kernel` links into an ELF image); without it the same core modules build for the host, with tools and tests.
let isKernelBuild = Context.environment["HEXA_KERNEL"] == "1"
/// `HEXA_FUZZ=1` instruments the core modules and adds the program that fuzzes them (`scripts/fuzz`).
let isFuzzBuild = Context.environment["HEXA_FUZZ"] == "1"
let fuzzFlags = isFuzzBuild ? ["-sanitize=fuzzer"] : []

/// Settings of a core module: sans-I/O, and compiled for both homes.
let coreSettings: [SwiftSetting] =
    isKernelBuild
    ? [
        .enableExperimentalFeature("Embedded"),
        .enableExperimentalFeature("Lifetimes"),
        .unsafeFlags(["-wmo", "-Xcc", "-ffreestanding", "-Xfrontend", "-function-sections"]),
    ]
    : [.enableExperimentalFeature("Lifetimes"), .unsafeFlags(fuzzFlags)]

/// Numeric modules are optimised even in debug builds: a forward pass through unoptimised kernels takes minutes.
let numericSettings: [SwiftSetting] = coreSettings + (isKernelBuild ? [] : [.unsafeFlags(["-O"])])

/// The flags of TensorAVX2; TensorAVX512 adds its own.
let avx2Flags = ["-mavx2", "-mfma", "-mf16c"]
let avx512Flags =
    avx2Flags + [
        "-mavx512f", "-mavx512bw", "-mavx512dq", "-mavx512vl", "-mavx512vnni", "-mprefer-vector-width=512",
    ]

/// The bytecode machine keeps its own heap behind unsafe pointers, one owner each; run-time exclusivity checks would
/// cost it a call per field access.
let machineSettings: [SwiftSetting] = numericSettings + [.unsafeFlags(["-enforce-exclusivity=unchecked"])]

let hostSettings: [SwiftSetting] = [.enableExperimentalFeature("Lifetimes")]

/// A module is named as its folder, and lies in the folder of its ring: what it serves.
func name(_ path: String) -> String { String(path.split(separator: "/").last!) }

func core(_ path: String, _ dependencies: [Target.Dependency] = [], settings: [SwiftSetting] = coreSettings) -> Target {
    .target(name: name(path), dependencies: dependencies, path: "Sources/\(path)", swiftSettings: settings)
}

/// Kernels of one instruction set: only code reached after a run-time check may come from such a target, so it holds no
/// generics, and its entry points are `@export(interface)`: their bodies are never compiled into another module.
func instructionSet(_ path: String, _ flags: [String]) -> Target {
    core(path, ["CIntrinsics"], settings: numericSettings + [.unsafeFlags(flags.flatMap { ["-Xcc", $0] })])
}

/// A module in C: declarations that Swift imports, and what only C can say.
func shim(_ path: String) -> Target { .target(name: name(path), path: "Sources/\(path)") }

func host(_ path: String, _ dependencies: [Target.Dependency], settings: [SwiftSetting] = hostSettings) -> Target {
    .target(name: name(path), dependencies: dependencies, path: "Sources/\(path)", swiftSettings: settings)
}

func program(_ path: String, _ dependencies: [Target.Dependency], linker: [LinkerSetting] = []) -> Target {
    .executableTarget(
        name: name(path), dependencies: dependencies, path: "Sources/\(path)", swiftSettings: hostSettings,
        linkerSettings: linker)
}

func tests(_ path: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(
        name: name(path), dependencies: dependencies + ["TestSupport"], path: "Tests/\(path)",
        swiftSettings: hostSettings)
}

let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioHTTP1 = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")

let coreTargets: [Target] = [
    core("Foundations/MonotonicTime"),
    core("Foundations/Bytes", settings: numericSettings),
    core("Foundations/JSON"),
    core("Foundations/Law", ["JSON", "MonotonicTime"]),

    core("Language/HexaBytecode", ["JSON"], settings: numericSettings),
    core("Language/HexaVM", ["HexaBytecode"], settings: machineSettings),
    core("Language/HexaLang", ["HexaBytecode", "HexaVM"], settings: numericSettings),

    shim("Inference/CIntrinsics"),
    instructionSet("Inference/TensorAVX2", avx2Flags),
    instructionSet("Inference/TensorAVX512", avx512Flags),
    core("Inference/Tensor", ["CIntrinsics", "TensorAVX2", "TensorAVX512"], settings: numericSettings),
    core("Inference/ModelFormats", ["Tensor"], settings: numericSettings),
    core("Inference/Tokenizers", ["Bytes", "ModelFormats"], settings: numericSettings),
    core("Inference/ChatTemplates", ["Bytes"], settings: numericSettings),
    core("Inference/Transformer", ["ModelFormats", "Tensor"], settings: numericSettings),

    core("Network/Net", ["MonotonicTime"]),
    core("Network/Virtio"),

    core("Server/HTTP", ["MonotonicTime"]),
    core("Server/Programs", ["HexaBytecode", "HexaLang", "HexaVM", "Law", "MonotonicTime"]),
    core(
        "Server/Engine",
        ["ChatTemplates", "Law", "ModelFormats", "MonotonicTime", "Tensor", "Tokenizers", "Transformer"]),
    core(
        "Server/Serving",
        [
            "ChatTemplates", "Engine", "HTTP", "HexaBytecode", "HexaVM", "JSON", "Law", "ModelFormats", "MonotonicTime",
            "Net", "Programs", "Tokenizers", "Transformer",
        ]),

    core("Guest/KernelCore", ["GuestInterface", "MonotonicTime"]),
    core("Guest/GuestServer", ["Engine", "Law", "MonotonicTime", "Net", "Serving", "Transformer"]),
    core("GuestInterface"),
]

let kernelTargets: [Target] = [
    .target(
        name: "Boot", path: "Sources/Guest/Boot", exclude: ["kernel.ld"],
        cSettings: [
            .unsafeFlags(["-ffreestanding", "-fno-builtin", "-fno-pic", "-mno-red-zone", "-fno-omit-frame-pointer"])
        ]),
    core(
        "Guest/Kernel",
        [
            "Boot", "Engine", "GuestInterface", "GuestServer", "KernelCore", "Law", "ModelFormats", "MonotonicTime",
            "Net",
            "Programs", "Serving", "Tensor", "Transformer", "Virtio",
        ]),
]

/// Of programs whose start is waited for: without a dynamic linker they are at their first line in half the time.
let selfContained: [LinkerSetting] =
    Context.environment["HEXA_SELF_CONTAINED"] == "1"
    ? [.unsafeFlags(["-static-executable", "-use-ld=lld"])] : []

/// At an address that nobody knows beforehand, which is for the one that a guest's bytes reach. It crashes where it has
/// a search path for libraries, which the package manager gives to all unless told not to: scripts/build-tools does
/// both.
let relocatable: [LinkerSetting] =
    selfContained.isEmpty ? [] : [.unsafeFlags(["-Xclang-linker", "-static-pie"])]

/// The fuzzer drives what is behind the public interface of the VMM.
let fuzzedSettings: [SwiftSetting] =
    hostSettings + [.unsafeFlags(fuzzFlags + (isFuzzBuild ? ["-enable-testing"] : []))]

let hostTargets: [Target] = [
    shim("Host/CLinux"),
    shim("Host/CKVM"),
    host("Host/HostSystem", ["CLinux", "MonotonicTime"], settings: [.unsafeFlags(fuzzFlags)]),
    host("Host/LaneThreads", ["CLinux", "HostSystem", "MonotonicTime", "Tensor"]),
    host(
        "Host/VMM", ["CKVM", "CLinux", "GuestInterface", "HostSystem", "JSON", "MonotonicTime", "Net", "Virtio"],
        settings: fuzzedSettings),
    host("Host/HostErrors", []),
    host("Host/HostFiles", ["HostErrors", "HostSystem"]),
    host("Host/LawFiles", ["HostErrors", "HostFiles", "HostSystem", "Law"]),
    host("Host/Client", ["HostErrors", "HostSystem", "JSON"]),
    host(
        "Host/ModelFiles",
        [
            "CLinux", "ChatTemplates", "GuestInterface", "HostErrors", "HostFiles", "HostSystem", "JSON",
            "ModelFormats",
            "Tensor", "Tokenizers", "Transformer",
        ]),
    host(
        "Host/Machines",
        [
            "CLinux", "Client", "GuestInterface", "HostErrors", "HostFiles", "HostSystem", "JSON", "LaneThreads",
            "LawFiles", "ModelFiles", "MonotonicTime", "VMM",
        ]),
    core("Host/Fleet", ["JSON", "MonotonicTime"]),
    host(
        "Host/FleetHost",
        [
            "CLinux", "Fleet", "HostErrors", "HostFiles", "HostSystem", "JSON", "Machines", "ModelFiles",
            "MonotonicTime", nioCore, nioHTTP1, nioPosix,
        ]),

    host("Tools/Reporting", ["GuestInterface", "HostErrors", "HostSystem", argumentParser]),
    program("Tools/hexa", ["Client", "HexaBytecode", "HexaLang", "HexaVM", "HostSystem", "Reporting", argumentParser]),
    program(
        "Tools/hexa-os",
        [
            "Client", "Fleet", "FleetHost", "GuestInterface", "HostErrors", "HostFiles", "HostSystem", "JSON",
            "LaneThreads", "Law", "LawFiles", "Machines", "ModelFiles", "MonotonicTime", "Reporting", "Transformer",
            "VMM", argumentParser,
        ], linker: selfContained),
    program(
        "Tools/hexa-serve",
        [
            "CLinux", "Engine", "GuestInterface", "HostErrors", "HostSystem", "JSON", "LaneThreads", "Law", "LawFiles",
            "ModelFiles", "ModelFormats", "MonotonicTime", "Reporting", "Serving", "Tensor", "Transformer",
            argumentParser, nioCore, nioPosix,
        ]),
    program("Tools/hexa-vmm", ["GuestInterface", "HostSystem", "VMM"], linker: selfContained + relocatable),
    program(
        "Tools/engine-bench", ["LaneThreads", "ModelFiles", "ModelFormats", "Tensor", "Transformer", argumentParser]),
    program("Tools/law-bench", ["HexaVM", "Law", "MonotonicTime", "Programs"]),
]

let testTargets: [Target] = [
    .target(name: "AllocationCount", path: "Tests/Support/AllocationCount"),
    .target(
        name: "EngineFixtures", dependencies: ["ModelFormats", "Tokenizers", "Transformer"],
        path: "Tests/Support/EngineFixtures"),
    .target(name: "TestSupport", path: "Tests/Support/TestSupport"),
    .target(
        name: "ModelFixtures",
        dependencies: ["JSON", "ModelFormats", "Tensor", "TestSupport", "Tokenizers", "Transformer"],
        path: "Tests/Support/ModelFixtures", swiftSettings: hostSettings),

    tests("Foundations/MonotonicTimeTests", ["MonotonicTime"]),
    tests("Foundations/JSONTests", ["JSON"]),
    tests("Foundations/LawTests", ["JSON", "Law", "MonotonicTime"]),

    tests("Language/HexaBytecodeTests", ["HexaBytecode", "HexaLang", "HexaVM"]),
    tests("Language/HexaLangTests", ["HexaBytecode", "HexaLang", "HexaVM"]),

    tests("Inference/TensorTests", ["CIntrinsics", "LaneThreads", "Tensor"]),
    tests("Inference/ModelFormatsTests", ["ModelFixtures", "ModelFormats", "Tensor", "Tokenizers", "Transformer"]),
    tests("Inference/TokenizersTests", ["JSON", "ModelFixtures", "ModelFormats", "Tokenizers"]),
    tests("Inference/ChatTemplatesTests", ["ChatTemplates", "JSON", "ModelFixtures", "ModelFormats"]),
    tests(
        "Inference/TransformerTests",
        [
            "AllocationCount", "Engine", "LaneThreads", "Law", "ModelFixtures", "ModelFormats", "MonotonicTime",
            "Tensor", "Transformer",
        ]),

    tests("Network/NetTests", ["MonotonicTime", "Net"]),
    tests("Network/VirtioTests", ["Virtio"]),

    tests("Server/HTTPTests", ["HTTP", "MonotonicTime"]),
    tests("Server/ProgramsTests", ["HexaBytecode", "HexaLang", "HexaVM", "Law", "MonotonicTime", "Programs"]),
    tests(
        "Server/EngineTests",
        ["Engine", "EngineFixtures", "Law", "ModelFormats", "MonotonicTime", "Transformer"]),
    tests(
        "Server/ServingTests",
        [
            "ChatTemplates", "Engine", "EngineFixtures", "HTTP", "JSON", "Law", "ModelFormats", "MonotonicTime",
            "Programs", "Serving",
            "Transformer",
        ]),

    tests("GuestInterface/GuestInterfaceTests", ["GuestInterface"]),
    tests("Guest/KernelCoreTests", ["GuestInterface", "KernelCore", "MonotonicTime"]),
    tests("Guest/GuestServerTests", ["GuestServer", "Law", "MonotonicTime", "Net", "Serving", "Transformer"]),

    tests("Host/VMMTests", ["CLinux", "GuestInterface", "HostSystem", "JSON", "Net", "VMM", "Virtio"]),
    tests("Host/ClientTests", ["Client"]),
    tests("Host/HostFilesTests", ["HostFiles"]),
    tests("Host/ModelFilesTests", ["HostFiles", "ModelFiles"]),
    tests(
        "Host/MachinesTests",
        [
            "Client", "GuestInterface", "HostErrors", "HostFiles", "HostSystem", "JSON", "Machines", "ModelFiles",
            "MonotonicTime", "VMM",
        ]),
    tests("Host/FleetTests", ["Fleet", "JSON", "MonotonicTime"]),
    tests(
        "Host/FleetHostTests",
        [
            "Client", "Fleet", "FleetHost", "HostErrors", "HostSystem", "JSON", "Machines", "ModelFiles",
            "MonotonicTime", nioCore, nioPosix,
        ]),
]

let fuzzTargets: [Target] = [
    .executableTarget(
        name: "hexa-fuzz",
        dependencies: [
            "CLinux", "ChatTemplates", "HTTP", "HexaBytecode", "HexaLang", "HexaVM", "HostSystem", "JSON", "Law",
            "ModelFormats", "MonotonicTime", "Net", "Tokenizers", "Transformer", "VMM", "Virtio",
        ],
        path: "Tests/Fuzz",
        exclude: ["Corpus"],
        swiftSettings: coreSettings,
        linkerSettings: [.unsafeFlags(fuzzFlags + ["-use-ld=lld"])])
]

let package = Package(
    name: "hexa-os",
    products: isKernelBuild ? [.library(name: "hexa-kernel", type: .static, targets: ["Kernel"])] : [],
    dependencies: isKernelBuild
        ? []
        : [
            .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
            .package(url: "https://github.com/apple/swift-nio", exact: "2.101.2"),
        ],
    targets: coreTargets + (isKernelBuild ? kernelTargets : hostTargets + testTargets)
        + (isFuzzBuild ? fuzzTargets : []),
    swiftLanguageModes: [.v6]
)
