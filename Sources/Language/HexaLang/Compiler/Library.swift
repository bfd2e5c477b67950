/// Methods of arrays that call back: written in the language itself, so that fuel, errors and suspension need no second
/// mechanism. Compiled into a program only when it names them.
enum Library {
    static let fileName = Array("(library)".utf8)

    static var source: SourceFile { SourceFile(name: fileName, bytes: text.withUTF8Buffer { [UInt8]($0) }) }

    private static let text: StaticString = """
        impl array {
            fn map(self, f) { let mut r = []; for x in self { r.push(f(x)) }; r }
            fn filter(self, f) { let mut r = []; for x in self { if f(x) { r.push(x) } }; r }
            fn fold(self, start, f) { let mut a = start; for x in self { a = f(a, x) }; a }
            fn any(self, f) { for x in self { if f(x) { return true } }; false }
            fn all(self, f) { for x in self { if !f(x) { return false } }; true }
            fn each(self, f) { for x in self { f(x) } }
            fn find(self, f) { for x in self { if f(x) { return x } }; void }
            fn sum(self) { let mut a = 0; for x in self { a = a + x }; a }
            fn enumerate(self) { let mut r = []; for i in 0..len(self) { r.push((i, self[i])) }; r }
            fn zip(self, other) { let mut r = []; for i in 0..min(len(self),
                len(other)) { r.push((self[i], other[i])) }; r }
            fn sort_by(self, f) {
                let n = len(self)
                let mut source = self.copy()
                let mut target = self.copy()
                let mut width = 1
                while width < n {
                    let mut start = 0
                    while start < n {
                        let middle = min(start + width, n)
                        let end = min(start + 2 * width, n)
                        let mut left = start
                        let mut right = middle
                        for next in start..end {
                            let mut takes_left = left < middle
                            if takes_left && right < end {
                                let order = f(source[left], source[right])
                                takes_left = if type_of(order) == "bool" { order || !f(source[right],
                                    source[left]) } else { order <= 0 }
                            }
                            if takes_left { target[next] =
                                source[left]; left += 1 } else { target[next] = source[right]; right += 1 }
                        }
                        start += 2 * width
                    }
                    let kept = source
                    source = target
                    target = kept
                    width *= 2
                }
                for i in 0..n { self[i] = source[i] }
                self
            }
        }
        """
}
