import Testing

@testable import sluice_bench

@Suite struct BaselineTests {
    @Test(arguments: [
        "npm_[A-Za-z0-9]{36,}", "gh[pousr]_[A-Za-z0-9]{36,}", "(?<![A-Z0-9])A(?:KIA|SIA)[A-Z2-7]{16}", "sntrys_eyJ[a-z]{40,}|sntry[ua]_[a-f0-9]{64}",
        #"[?&]sig=(?<mask>[A-Za-z0-9%+/]{40,}={0,2})"#, #"(?i)\bdrop\s{1,8}(?:table|user)"#, "(?:abc)+[0-9]*", "[Pp]ass(?:word|wd)?", "a{3}", #"\x41\x42c"#,
        "[0-9]{8}-us[0-9]x", "[]a-c]bc",
    ])
    func aRequiredLiteralIsFound(pattern: String) { #expect(RequiredLiteral.isHeld(by: pattern)) }

    @Test(arguments: [
        #"(?<![A-Za-z0-9_.+/-])[0-9]{3}-[0-9]{2}-[0-9]{4}(?![A-Za-z0-9_-])"#, "(?:npm_|x)[a-z]{8}", "(?:npm_)?[a-z]{8}", "ab[a-z]{8}cd", "[a-z]{3}@[a-z]{3}",
        "(?:abc)*[0-9]+", "(?=abc)[a-z]", "a[^b]c", #"a\wc"#, "ab?c?d?[0-9]{9}",
    ])
    func whereNoneIsNeededNoneIsFound(pattern: String) { #expect(!RequiredLiteral.isHeld(by: pattern)) }

    @Test func lookAroundIsDroppedAndNothingElse() {
        #expect(HyperscanDatabase.withoutLookAround(#"(?<![A-Z)\]])a\(b(?=[)])(?:c)(?!x)"#) == #"a\(b(?:c)"#)
    }

    @Test func chunksCoverTheBodyAndNoneIsEmpty() {
        let body = Body(Array("data: a\n\ndata: b\n\nrest".utf8))
        func ends(_ chunking: Chunking) -> [Int] { body.withBytes { chunking.ends(in: $0) } }
        #expect(ends(.events) == [9, 18, 22])
        #expect(ends(.bytes(9)) == [9, 18, 22])
        #expect(ends(.bytes(11)) == [11, 22])
        #expect(ends(.bytes(100)) == [22])
        let random = ends(.random(mean: 3))
        #expect(random.last == 22 && zip([0] + random, random).allSatisfy { $0 < $1 })
        #expect(Body([]).withBytes { Chunking.events.ends(in: $0) } == [])
    }
}
