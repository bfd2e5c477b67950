import Law
import MonotonicTime

/// A law of `subjectCount` programs with ten grants each; the last one is the one that asks.
private func makeLaw(subjectCount: Int) throws -> Law {
    var document = LawDocument()
    for index in 0..<subjectCount {
        var subject = LawDocument.Subject(name: "program-\(index)", kind: .program)
        subject.delegationDepth = 8
        for grant in 0..<8 {
            subject.grants.append(.init(try TargetPattern("/fs/home/\(index)/\(grant)/**"), [.read, .write]))
        }
        subject.grants.append(.init(try TargetPattern("/model/**"), [.read, .infer]))
        subject.grants.append(.init(try TargetPattern("/system/health"), .read))
        document.subjects.append(subject)
    }
    return Law(document)
}

/// A path that the law has no number for.
private struct FilePath: PermitTarget {
    let path: TargetPath
    var key: TargetKey { .path(path) }
}

/// What a check costs under a law of so many rules.
func measureChecks(rules: Int) throws {
    let now = Instant(nanoseconds: 1)
    var law = try makeLaw(subjectCount: rules / 10)
    let name = "program-\(rules / 10 - 1)"
    guard let capability = law.capability(ofProgram: name) else { throw Unexpected() }
    let path = try TargetPath("/fs/home/\(rules / 10 - 1)/3/notes/today")
    guard let file = law.target(of: path) else { throw Unexpected() }
    let unnumbered = FilePath(path: try TargetPath("/fs/home/\(rules / 10 - 1)/7/notes/tomorrow"))
    var refused = 0
    measure("kernel-target/\(rules)") {
        do { _ = try law.check(capability, Infer.self, on: .model, now: now) } catch { refused += 1 }
    }
    measure("numbered-path/\(rules)") {
        do { _ = try law.check(capability, Write.self, on: file, now: now) } catch { refused += 1 }
    }
    measure("path/\(rules)", repetitions: repetitions / 10) {
        do { _ = try law.check(capability, Write.self, on: unnumbered, now: now) } catch { refused += 1 }
    }
    var terms = DelegationTerms()
    terms.operations = [.read, .infer]
    terms.depth = 8
    let delegated = try law.delegate(
        law.delegate(law.delegate(capability, terms, now: now), terms, now: now), terms,
        now: now)
    measure("delegated-3-links/\(rules)") {
        do { _ = try law.check(delegated, Infer.self, on: .model, now: now) } catch { refused += 1 }
    }
    guard refused == 0 else { throw Unexpected() }
    measure("denial-recorded/\(rules)", repetitions: repetitions / 20) {
        do { _ = try law.check(capability, Administer.self, on: .power, now: now) } catch { refused += 1 }
    }
    guard refused == repetitions / 20 else { throw Unexpected() }
}
