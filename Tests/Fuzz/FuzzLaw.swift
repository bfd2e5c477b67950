import Law

/// What is a law is written, and what was written is the same law; a table is made of it, and asked.
func fuzzLaw(_ bytes: [UInt8]) {
    guard let document = try? LawDocument(parsing: bytes) else { return }
    let again = try? LawDocument(parsing: document.serialized())
    precondition(again == document, "writing and reading changed the law")
    var law = Law(document)
    for subject in document.subjects {
        guard subject.kind == .program, let capability = law.capability(ofProgram: subject.name) else { continue }
        for target in Target.known {
            let permit = try? law.check(capability, Read.self, on: target, now: .origin)
            let isGranted = permit != nil
            let isDue = subject.isLearning || subject.operations(on: law.path(of: target)).contains(.read)
            // A full bus may deny what is due; nothing else may.
            precondition(isGranted == isDue || document.whenGrowthIsFull == .deny, "the table and the grants differ")
            precondition(isDue || !isGranted, "more was granted than the grants say")
        }
    }
}
