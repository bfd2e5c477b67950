// swift-tools-version: 6.2
import PackageDescription

// One package, two homes. `HEXA_KERNEL=1` builds the freestanding kernel (Embedded Swift, a static library that
// `make kernel` links into an ELF image); without it the same core modules build for the host, with tools and tests.
let isKernelBuild = Context.environment["HEXA_KERNEL"] == "1"
/// `HEXA_FUZZ=1` instruments the core modules and adds the program that fuzzes them (`scripts/fuzz`).
let isFuzzBuild = Context.environment["HEXA_FUZZ"] == "1"
let fuzzFlags = isFuzzBuild ? ["-sanitize=fuzzer"] : []

/// Settings of a core module: sans-I/O, and compiled for both homes.
let coreSettings: [SwiftSetting] = isKernelBuild
    ? [
        .enableExperimentalFeature("Embedded"),
        .enableExperimentalFeature("Lifetimes"),
        .unsafeFlags(["-wmo", "-Xcc", "-ffreestanding", "-Xfrontend", "-function-sections"]),
    ]
    : [.enableExperimentalFeature("Lifetimes"), .unsafeFlags(fuzzFlags)]

/// Numeric modules are optimised even in debug builds: a forward pass through unoptimised kernels takes minutes.
let numericSettings: [SwiftSetting] = coreSettings + (isKernelBuild ? [] : [.unsafeFlags(["-O"])])

/// Kernels of one instruction set: only code reached after a run-time check may come from such a target, so it holds no
/// generics, and its entry points are `@export(interface)`: their bodies are never compiled into another module.
func instructionSet(_ name: String, _ flags: [String]) -> Target {
    .target(name: name, dependencies: ["CIntrinsics"],
            swiftSettings: numericSettings + [.unsafeFlags(flags.flatMap { ["-Xcc", $0] })])
}

/// The bytecode machine keeps its own heap behind unsafe pointers, one owner each; run-time exclusivity checks would
/// cost it a call per field access.
let machineSettings: [SwiftSetting] = numericSettings + [.unsafeFlags(["-enforce-exclusivity=unchecked"])]

func core(_ name: String, _ dependencies: [Target.Dependency] = [], settings: [SwiftSetting] = coreSettings) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: settings)
}

func tests(_ name: String, _ dependencies: [Target.Dependency], resources: [Resource]? = nil) -> Target {
    .testTarget(name: name, dependencies: dependencies + ["TestSupport"], resources: resources,
                swiftSettings: [.enableExperimentalFeature("Lifetimes")])
}

let coreTargets: [Target] = [
    core("MonotonicTime"),
    core("Law", ["JSON", "MonotonicTime"]),
    core("KernelCore", ["MonotonicTime"]),
    core("JSON"),
    core("HTTP", ["MonotonicTime"]),
    core("Net", ["MonotonicTime"]),
    core("Virtio"),
    .target(name: "CIntrinsics"),
    instructionSet("TensorAVX2", ["-mavx2", "-mfma", "-mf16c"]),
    instructionSet("TensorAVX512", [
        "-mavx2", "-mfma", "-mf16c", "-mavx512f", "-mavx512bw", "-mavx512dq", "-mavx512vl", "-mavx512vnni",
        "-mprefer-vector-width=512",
    ]),
    core("Tensor", ["CIntrinsics", "TensorAVX2", "TensorAVX512"], settings: numericSettings),
    core("Model", ["Tensor"], settings: numericSettings),
    core("HexaBytecode", ["JSON"], settings: numericSettings),
    core("HexaVM", ["HexaBytecode"], settings: machineSettings),
    core("HexaLang", ["HexaBytecode", "HexaVM"], settings: numericSettings),
    core("Programs", ["HexaBytecode", "HexaLang", "HexaVM", "Law", "MonotonicTime"]),
    core("Serving", ["MonotonicTime", "Law", "JSON", "HTTP", "HexaBytecode", "HexaVM", "Model", "Programs"]),
    core("Appliance", ["Law", "Model", "MonotonicTime", "Net", "Serving", "Tensor"]),
]

let kernelTargets: [Target] = [
    .target(name: "Boot", exclude: ["kernel.ld"], cSettings: [
        .unsafeFlags(["-ffreestanding", "-fno-builtin", "-fno-pic", "-mno-red-zone", "-fno-omit-frame-pointer"]),
    ]),
    core("Kernel", [
        "Appliance", "Boot", "KernelCore", "Law", "Model", "MonotonicTime", "Net", "Programs", "Tensor", "Virtio",
    ]),
]

/// Of programs whose start is waited for: without a dynamic linker they are at their first line in half the time.
let selfContained: [LinkerSetting] = Context.environment["HEXA_SELF_CONTAINED"] == "1"
    ? [.unsafeFlags(["-static-executable", "-use-ld=lld"])] : []

/// At an address that nobody knows beforehand, which is for the one that a guest's bytes reach. It crashes where it has
/// a search path for libraries, which the package manager gives to all unless told not to: scripts/build-tools does
/// both.
let relocatable: [LinkerSetting] =
    selfContained.isEmpty ? [] : [.unsafeFlags(["-Xclang-linker", "-static-pie"])]

let hostTargets: [Target] = [
    .executableTarget(
        name: "engine-bench",
        dependencies: [
            "LaneThreads", "Launcher", "Model", "Tensor",
            .product(name: "ArgumentParser", package: "swift-argument-parser"),
        ],
        path: "Sources/EngineBench"),
    .executableTarget(
        name: "law-bench", dependencies: ["HexaVM", "Law", "MonotonicTime", "Programs"], path: "Sources/LawBench"),
    .target(name: "CLinux"),
    .target(name: "LaneThreads", dependencies: ["CLinux", "HostSystem", "MonotonicTime", "Tensor"]),
    .target(
        name: "HostSystem", dependencies: ["CLinux", "MonotonicTime"], swiftSettings: [.unsafeFlags(fuzzFlags)]),
    .target(name: "CKVM"),
    .target(
        name: "VMM", dependencies: ["CKVM", "CLinux", "HostSystem", "JSON", "MonotonicTime", "Net", "Virtio"],
        // The fuzzer drives what is behind the public interface.
        swiftSettings: [
            .enableExperimentalFeature("Lifetimes"), .unsafeFlags(fuzzFlags + (isFuzzBuild ? ["-enable-testing"] : [])),
        ]),
    .executableTarget(
        name: "hexa-vmm", dependencies: ["HostSystem", "VMM"], path: "Sources/HexaVMM",
        linkerSettings: selfContained + relocatable),
    tests("VMMTests", ["CLinux", "HostSystem", "JSON", "Net", "VMM", "Virtio"]),
    .target(
        name: "Client", dependencies: ["HostSystem", "JSON"],
        swiftSettings: [.enableExperimentalFeature("Lifetimes")]),
    tests("ClientTests", ["Client"]),
    .target(
        name: "Launcher",
        dependencies: [
            "Appliance", "CLinux", "Client", "HostSystem", "JSON", "KernelCore", "LaneThreads", "Law", "Model",
            "MonotonicTime", "Tensor", "VMM",
        ],
        swiftSettings: [.enableExperimentalFeature("Lifetimes")]),
    .target(name: "Reporting", dependencies: [
        "Client", "HostSystem", "KernelCore", .product(name: "ArgumentParser", package: "swift-argument-parser"),
    ]),
    core("Fleet", ["JSON", "MonotonicTime"]),
    .target(name: "FleetHost", dependencies: [
        "CLinux", "Fleet", "HostSystem", "JSON", "Launcher", "MonotonicTime",
        .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOHTTP1", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
    ], swiftSettings: [.enableExperimentalFeature("Lifetimes")]),
    .executableTarget(name: "hexa-serve", dependencies: [
        "Appliance", "CLinux", "JSON", "KernelCore", "LaneThreads", "Launcher", "Law", "Model", "MonotonicTime",
        "Reporting", "Serving", "Tensor",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOPosix", package: "swift-nio"),
    ], path: "Sources/HexaServe", swiftSettings: [.enableExperimentalFeature("Lifetimes")]),
    .executableTarget(name: "hexa-os", dependencies: [
        "Fleet", "FleetHost", "HostSystem", "JSON", "KernelCore", "LaneThreads", "Launcher", "Law", "Model",
        "MonotonicTime", "Reporting", "VMM",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
    ], linkerSettings: selfContained),
    tests("FleetTests", ["Fleet", "JSON", "MonotonicTime"]),
    tests("FleetHostTests", [
        "Fleet", "FleetHost", "JSON", "Launcher", "MonotonicTime", .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
    ]),
    tests("LauncherTests", ["HostSystem", "Launcher", "JSON", "Model", "MonotonicTime", "VMM"]),
    .executableTarget(name: "hexa", dependencies: [
        "Client", "HexaBytecode", "HexaLang", "HexaVM", "HostSystem", "Reporting",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
    ]),
    tests("HexaBytecodeTests", ["HexaBytecode", "HexaLang", "HexaVM"]),
    tests("HexaLangTests", ["HexaLang", "HexaVM", "HexaBytecode"]),
    tests("MonotonicTimeTests", ["MonotonicTime"]),
    tests("ProgramsTests", ["HexaBytecode", "HexaLang", "HexaVM", "Law", "MonotonicTime", "Programs"]),
    tests("LawTests", ["JSON", "Law", "MonotonicTime"]),
    tests("KernelCoreTests", ["KernelCore", "MonotonicTime"]),
    tests("JSONTests", ["JSON"]),
    tests("HTTPTests", ["HTTP", "MonotonicTime"]),
    tests("NetTests", ["Net", "MonotonicTime"]),
    tests("VirtioTests", ["Virtio"]),
    tests("TensorTests", ["LaneThreads", "Tensor"]),
    .target(name: "AllocationCount", path: "Tests/AllocationCount"),
    .target(name: "TestSupport", path: "Tests/TestSupport"),
    tests("ModelTests", [
        "AllocationCount", "JSON", "LaneThreads", "Law", "Model", "MonotonicTime", "Serving", "Tensor",
    ]),
    tests("ServingTests", ["Serving", "HTTP", "JSON", "Law", "Model", "MonotonicTime"]),
    tests("ApplianceTests", ["Appliance", "HTTP", "Law", "Model", "MonotonicTime", "Net", "Serving"]),
]

let fuzzTargets: [Target] = [
    .executableTarget(
        name: "hexa-fuzz",
        dependencies: [
            "CLinux", "HTTP", "HexaBytecode", "HexaLang", "HexaVM", "HostSystem", "JSON", "Law", "Model",
            "MonotonicTime", "Net", "VMM", "Virtio",
        ],
        path: "Tests/Fuzz",
        exclude: ["Corpus"],
        swiftSettings: coreSettings,
        linkerSettings: [.unsafeFlags(fuzzFlags + ["-use-ld=lld"])]),
]

let package = Package(
    name: "hexa-os",
    products: isKernelBuild ? [.library(name: "hexa-kernel", type: .static, targets: ["Kernel"])] : [],
    dependencies: isKernelBuild ? [] : [
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
        .package(url: "https://github.com/apple/swift-nio", exact: "2.101.2"),
    ],
    targets: coreTargets + (isKernelBuild ? kernelTargets : hostTargets) + (isFuzzBuild ? fuzzTargets : []),
    swiftLanguageModes: [.v6]
)
