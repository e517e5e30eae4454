// The most that may be held after a prefix of a body, and why: the "Hold" section of docs/decisions/0001-the-meaning-of-masking.md.

import Engine

/// The earliest byte that may be held after a prefix of a body.
struct HoldBound {
    /// Offset into the body; its length where nothing may be held.
    var from: Int
    /// The start in the last text that keeps it held, with the rule that could match there.
    var reason: Reason?

    /// An escape that is not finished stands at the end.
    var endsInEscape = false

    enum Reason {
        /// A match of this rule that begins at this offset of the last text is still possible.
        case start(ReferenceRule, at: Int, residuals: Residuals)
        /// A JSON number or an escape that is not finished, or a match that may have to be widened over the next byte.
        case unfinished
    }
}

extension ReferenceMasker {
    /// Where holding may begin when `prefix` is what came so far.
    func holdBound(_ prefix: [UInt8]) -> HoldBound {
        let nothing = HoldBound(from: prefix.count, reason: nil)
        let text: ReferenceText
        var unreadFrom: Int?
        var endsUndecided = false
        switch format {
        case .text: text = ReferenceText(kind: .plain, raw: 0..<prefix.count, of: prefix)
        case .json:
            let documents = ReferenceDocuments(prefix, goesOn: true)
            let unread = documents.unreadFrom
            endsUndecided = documents.endsUndecided
            guard let last = documents.texts.last, last.isOpen, !endsUndecided else {
                guard let unread else { return nothing }
                return HoldBound(from: unread, reason: .unfinished, endsInEscape: !endsUndecided)
            }
            if last.kind == .number { return HoldBound(from: last.bytes.count > Self.longest ? prefix.count : last.start, reason: .unfinished) }
            unreadFrom = unread
            text = last
        case .markup:
            text = ReferenceCodings.markup(prefix, goesOn: true)
            unreadFrom = text.unfinishedEscape
        case .form:
            guard let last = ReferenceCodings.form(prefix, fields: [], goesOn: true).texts.last else { return nothing }
            text = last
            unreadFrom = last.unfinishedEscape
        case .csv:
            let table = ReferenceTable(prefix, fields: [], goesOn: true)
            if table.isUndecided { return HoldBound(from: 0, reason: .unfinished, endsInEscape: true) }
            guard let last = table.texts.last, last.isOpen else { return nothing }
            text = last
            unreadFrom = last.unfinishedEscape
        case .multipart, .sse, .ndjson, .jsonArray, .eventstream: preconditionFailure("the reference reads no events")
        }
        var bound = nothing
        if let escape = unreadFrom { bound = HoldBound(from: escape, reason: .unfinished, endsInEscape: true) }

        var live: Int?
        var decided: [ReferenceMatch] = []
        for rule in rules {
            let state = walk(rule, text)
            decided += state.decided
            if let start = state.live, live.map({ start < $0 }) ?? true {
                live = start
                bound.from = text.origins[start].lowerBound
                bound.reason = state.residuals.map { .start(rule, at: start, residuals: $0) } ?? .unfinished
            }
        }
        decided.removeAll { [.report, .block].contains($0.rule.rule.action) }
        if let live {
            // A component that a match from a live start could still join is not decided; and a match leaves whole or waits whole.
            let components = components(of: decided)
            var from = live
            for component in components where component.coreEnd > live { from = min(from, component.matchStart) }
            while let cut = components.first(where: { $0.matchStart < from && $0.start >= from }) { from = cut.matchStart }
            bound.from = min(bound.from, text.origins[from].lowerBound)
        }
        return bound
    }

    /// One rule in a text that is not over: what is decided, and the first start that is not, with what could follow there. Checks play
    /// no part: they do not shorten the wait. Where the context does not stand, nothing begins.
    private func walk(_ rule: ReferenceRule, _ text: ReferenceText) -> (decided: [ReferenceMatch], live: Int?, residuals: Residuals?) {
        let bytes = text.bytes
        var decided: [ReferenceMatch] = []
        var start = 0
        while start < bytes.count {
            guard rule.firstBytes.contains(bytes[start]), !isContinuation(bytes[start]), rule.contextHolds(at: start, of: text) else {
                start += 1
                continue
            }
            var residuals = Residuals(rule.pattern.whole, previous: start > 0 ? bytes[start - 1] : nil)
            var ends: [Int] = []
            var at = start
            while at < bytes.count, !residuals.terms.isEmpty {
                residuals.take(bytes[at])
                at += 1
                if at < bytes.count ? residuals.isEnd(next: bytes[at]) : residuals.isEndForSure(rule.alphabet) { ends.append(at) }
            }
            let isAlive = at == bytes.count && (residuals.wantsByte(rule.alphabet) || residuals.waitsForNext(rule.alphabet))
            if isAlive {
                guard let first = ends.first, let last = ends.last else { return (decided, start, residuals) }
                let isOverlong = bytes.count - start >= Self.longest && first <= start + Self.longest
                guard rule.isPrompt || isOverlong else { return (decided, start, residuals) }
                let core = rule.isPrompt ? start..<first : start..<start + Self.longest
                let committed = made(rule, start..<max(last, core.upperBound), core: core, isOverlong: !rule.isPrompt, in: bytes)
                if mayBeWidened(core.upperBound, bytes) { return (decided, start, nil) }
                decided.append(committed)
                // Its bytes up to here are masked already; what came since its latest end may still turn out to be more of it.
                let masked = max(last, core.upperBound)
                return (decided, masked < bytes.count ? masked : nil, residuals)
            }
            if let match = match(of: rule, at: start, ends: ends, in: text) {
                if mayBeWidened(match.whole.upperBound, bytes) { return (decided, start, nil) }
                decided.append(match)
                start = match.whole.upperBound
            } else {
                start += 1
            }
        }
        return (decided, nil, nil)
    }

    /// Whether what ends here may have to be widened over bytes that have not come yet.
    private func mayBeWidened(_ end: Int, _ bytes: [UInt8]) -> Bool {
        bytes[end - 1] >= 0x80 && bytes.count - end < 3 && bytes[end...].allSatisfy(isContinuation)
    }
}
