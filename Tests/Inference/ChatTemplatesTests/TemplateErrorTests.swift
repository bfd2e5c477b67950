import ModelFixtures
import TestSupport
import Testing

@testable import ChatTemplates

@Suite("Chat templates: errors and bounds")
struct TemplateErrorTests {
    private func render(_ source: String, _ change: (inout ChatTemplate.Input) -> Void = { _ in }) throws -> String {
        var input = ChatTemplate.Input(messages: [])
        change(&input)
        return String(decoding: try ChatTemplate(source: source).render(input), as: UTF8.self)
    }

    @Test(
        "malformed templates are refused when parsed, with the line",
        arguments: [
            ("{{ 'a }}", 1), ("a\n{% if x %}\nb", 3), ("\n\n{{ 1 + }}", 3), ("{% endif %}", 1),
            ("{% for in x %}{% endfor %}", 1), ("{{ a b }}", 1), ("{{ [1, 2 }}", 1), ("{# never ends", 1),
            ("\n{% raw %} x", 2), ("{{ 'a' | }}", 1), ("{{ é }}", 1),
            ("{% set a.b.c = 1 %}", 1), ("{% include 'x' %}", 1), ("{% macro f(1) %}{% endmacro %}", 1), ("{{", 1),
            ("{% for x in y recursive %}{% endfor %}", 1), ("{{ 99999999999999999999 }}", 1), ("{{ '\\u12' }}", 1),
            ("{{ a[1:2:3:4] }}", 1), ("{{ a[] }}", 1), ("{% call f %}{% endcall %}", 1),
        ])
    func malformed(source: String, line: Int) {
        let error = #expect(throws: TemplateError.self) { try ChatTemplate(source: source) }
        #expect(error?.line == line, "\(String(describing: error))")
        #expect(error?.isRefusal == false)
    }

    @Test(
        "what cannot be computed is refused when rendered, with the line",
        arguments: [
            ("a\n{{ x.y }}", 2), ("{{ nothing() }}", 1), ("\n\n{{ 'a' + 1 }}", 3), ("{{ 1 / 0 }}", 1),
            ("{{ 1 % 0 }}", 1),
            ("{{ 'a' < 1 }}", 1), ("{{ 1 | nofilter }}", 1), ("{{ 1 is notest }}", 1), ("{{ 'a'.nomethod() }}", 1),
            ("{% set a, b = [1] %}", 1), ("{% for a, b in [1] %}{% endfor %}", 1), ("{% for a in 1 %}{% endfor %}", 1),
            ("{% set x.y = 1 %}", 1), ("{{ 'x'[::0] }}", 1), ("{{ range('a') }}", 1), ("{{ 1 in 1 }}", 1),
            ("{{ -'a' }}", 1),
            ("{{ 9223372036854775807 + 1 }}", 1), ("{{ 2 ** 99 }}", 1), ("{{ strftime_now('%d') }}", 1),
            ("{% macro f(a) %}{% endmacro %}{{ f(1, 2) }}", 1), ("{{ {1: 2} }}", 1), ("{{ nothing | tojson }}", 1),
            ("{{ [1, 'a'] | sort }}", 1), ("{{ 1 | length }}", 1),
        ])
    func unrenderable(source: String, line: Int) throws {
        let error = #expect(throws: TemplateError.self) { try render(source) }
        #expect(error?.line == line, "\(String(describing: error))")
        #expect(error?.description.contains("\n") == false)
    }

    @Test("a template may refuse a conversation, which is not its fault")
    func refusal() {
        let error = #expect(throws: TemplateError.self) { try render("{{ raise_exception('no ' ~ 'system') }}") }
        #expect(error == TemplateError(line: 1, problem: .raised("no system")))
        #expect(error?.isRefusal == true)
    }

    @Test(
        "templates that would run or grow for ever meet a limit", .timeLimit(.minutes(1)),
        arguments: [
            "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
            "{% set ns = namespace(x='ab') %}{% for i in range(99) %}{% set ns.x = ns.x + ns.x %}{% endfor %}",
            "{% set ns = namespace(x=[1]) %}{% for i in range(99) %}{% set ns.x = ns.x + ns.x %}{% endfor %}",
            "{% set ns = namespace(x='aa') %}"
                + "{% for i in range(99) %}{% set ns.x = ns.x.replace('a', 'aa') %}{% endfor %}",
            "{% for i in range(999999) %}{{ 'x' * 1000 }}{% endfor %}", "{{ 'x' * 999999999999 }}",
            "{{ range(99999999) }}",
            "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}", "{{ range(100000) | list | unique }}",
            "{% macro f(x) %}{{ f(x) ~ f(x) }}{% endmacro %}{{ f(1) }}",
            "{% set ns = namespace() %}{% set ns.x = [] %}"
                + "{% for i in range(999999) %}{% set ns.x = [ns.x] %}{% endfor %}",
            "{% set ns = namespace(x=1) %}{% for i in range(70) %}{% set ns.x = [ns.x, ns.x] %}{% endfor %}"
                + "{{ ns.x | string | length }}",
            "{% set ns = namespace(x=1) %}{% for i in range(60) %}{% set ns.x = [ns.x, ns.x] %}{% endfor %}"
                + "{{ ns.x == ns.x }}",
            "{% set ns = namespace(x=1) %}{% for i in range(999999) %}{% set ns.x = dict(a={'b': ns.x}) %}{% endfor %}",
            "{% for i in range(99999) %}{{ 'a' * 100000 in 'a' * 200000 }}{% endfor %}",
        ])
    func bounded(source: String) {
        let error = #expect(throws: TemplateError.self) { try render(source) }
        guard case .limit = error?.problem else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    @Test("extreme integers in slices, ranges and products neither trap nor hang")
    func extremeIntegers() throws {
        let extreme = "9223372036854775807"
        let expected = [
            ("{{ 'abc'[::\(extreme)] }}", "a"), ("{{ 'abc'[::-\(extreme)] }}", "c"),
            ("{{ 'abc'[-\(extreme):] }}", "abc"),
            ("{{ 'abc'[:\(extreme)] }}", "abc"), ("{{ 'abc'[-\(extreme) - 1:\(extreme):\(extreme)] }}", "a"),
            ("{{ range(0, \(extreme), \(extreme)) | list }}", "[0]"), ("{{ 'abc'[\(extreme)] is defined }}", "False"),
            ("{{ range(-\(extreme), -\(extreme) - 1, -2) | length }}", "1"), ("{{ 'x' * -\(extreme) }}", ""),
            ("{{ (-\(extreme) - 1) // 1 }}", "-9223372036854775808"), ("{{ (-\(extreme) - 1) % -1 }}", "0"),
        ]
        for (source, text) in expected { #expect(try render(source) == text, "\(source)") }
        for source in ["{{ (-\(extreme) - 1) // -1 }}", "{{ -(-\(extreme) - 1) }}", "{{ (-\(extreme) - 1) | abs }}"] {
            #expect(throws: TemplateError.self) { try render(source) }
        }
    }

    @Test("deep nesting and long chains are refused when parsed")
    func deepSource() {
        for source in [
            "{{ " + String(repeating: "(", count: 500) + "1" + String(repeating: ")", count: 500) + " }}",
            "{{ " + String(repeating: "[", count: 500) + String(repeating: "]", count: 500) + " }}",
            "{{ " + String(repeating: "not ", count: 500) + "1 }}",
            "{{ " + String(repeating: "- ", count: 500) + "1 }}",
            "{{ 1" + String(repeating: " + 1", count: 5_000) + " }}",
            "{{ a" + String(repeating: ".a", count: 5_000) + " }}",
            "{{ a" + String(repeating: " | trim", count: 5_000) + " }}",
            "{{ a" + String(repeating: "[0]", count: 5_000) + " }}",
            "{{ " + String(repeating: "1 if 1 else ", count: 500) + "1 }}",
            String(repeating: "{% if 1 %}", count: 500) + String(repeating: "{% endif %}", count: 500),
            "{{ " + String(repeating: "{'a':", count: 500) + "1" + String(repeating: "}", count: 500) + " }}",
        ] {
            let error = #expect(throws: TemplateError.self) { try ChatTemplate(source: source) }
            guard case .limit = error?.problem else {
                Issue.record("\(String(describing: error))")
                continue
            }
        }
    }

    @Test("parsing is linear: a megabyte of tags or text is no problem", .timeLimit(.minutes(1)))
    func longSource() throws {
        let tags = String(repeating: "{{ x }}{# c #}{% set a = 1 %}", count: 10_000)
        #expect(try render(tags).isEmpty)
        let text = String(repeating: "{ % } ", count: 100_000)
        #expect(try render(text) == text)
        #expect(throws: TemplateError.self) { try ChatTemplate(source: String(repeating: "x", count: 1 << 21)) }
    }

    @Test("mutated templates never trap")
    func fuzz() throws {
        var random = SplitMix64(seed: 12)
        let sources = try Fixtures.lines("templates/cases.jsonl").compactMap { $0["template"]?.utf8Value }
        let fragments = [
            "{{", "}}", "{%", "%}", "{#", "#}", "-", "'", "[", "]", "(", ")", "|", ".", "~", "*", "9", " if ", " in ",
        ]
        let messages = [TemplateValue.message(role: "user", content: "a b"), .message(role: "assistant", content: "c")]
        var rendered = 0
        for round in 0..<3_000 {
            var source = sources[round % sources.count]
            for _ in 0..<Int.random(in: 1...3, using: &random) where !source.isEmpty {
                let offset = Int.random(in: 0..<source.count, using: &random)
                switch Int.random(in: 0..<3, using: &random) {
                case 0: source.insert(contentsOf: Array(fragments.randomElement(using: &random)!.utf8), at: offset)
                case 1:
                    let end = min(offset + Int.random(in: 1...6, using: &random), source.count)
                    source.removeSubrange(offset..<end)
                default: source[offset] = UInt8.random(in: 0...255, using: &random)
                }
            }
            guard let template = try? ChatTemplate(source: source) else { continue }
            if (try? template.render(ChatTemplate.Input(messages: messages))) != nil { rendered += 1 }
        }
        #expect(rendered > 100)
    }

    @Test("searching for a long text in one that almost holds it takes linear time", .timeLimit(.minutes(1)))
    func search() throws {
        #expect(try render("{{ 'a' * 200000 ~ 'b' in 'a' * 2000000 }}") == "False")
        #expect(try render("{{ ('ab' * 50 ~ 'c') in ('ab' * 400 ~ 'ab' * 50 ~ 'cd') }}") == "True")
        #expect(try render("{{ ('aab' * 99).split('aab' * 9) | length }}") == "12")
        #expect(try render("{{ ('x' ~ 'aab' * 99).find('aabaabaabaabaabaabb') }}") == "-1")
    }

    @Test("a scope holds a bounded number of variables")
    func manyVariables() throws {
        func source(_ count: Int) -> String { (0..<count).map { "{% set v\($0) = 1 %}" }.joined() + "{{ v9 }}" }
        // The input makes four more.
        #expect(try render(source(TemplateLimits.variableCountMax - 4)) == "1")
        let error = #expect(throws: TemplateError.self) { try render(source(TemplateLimits.variableCountMax)) }
        #expect(error?.problem == .limit("variables"))
    }

    @Test("a model without a template speaks ChatML")
    func fallback() throws {
        let template = try ChatTemplate(stated: nil)
        let prompt = try template.render(ChatTemplate.Input(messages: [.message(role: "user", content: "Hi")]))
        #expect(String(decoding: prompt, as: UTF8.self) == "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n")
    }

    @Test("a template renders many times, and no rendering sees another's variables")
    func independence() throws {
        let template = try ChatTemplate(source: "{{ x is defined }}{% set x = 1 %}{{ messages | length }}")
        for _ in 0..<3 {
            #expect(String(decoding: try template.render(.init(messages: [])), as: UTF8.self) == "False0")
        }
    }
}
