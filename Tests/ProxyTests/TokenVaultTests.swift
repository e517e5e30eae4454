// Whose tokens are whose, and for how long.

import Engine
import Synchronization
import Testing

@testable import Proxy

@Suite("The tokens of a session") struct TokenVaultTests {
    private final class Clock: Sendable {
        let now = Mutex(ContinuousClock.now)

        func pass(_ time: Duration) { now.withLock { $0 = $0.advanced(by: time) } }
    }

    @Test("are those of one identity on one connection, until it pauses for half an hour")
    func sessions() {
        let clock = Clock()
        let vault = TokenVault { clock.now.withLock { $0 } }
        #expect(vault.table(of: "ada", on: "v") == nil)
        let table = vault.makeTable(of: "ada", on: "v")
        #expect(vault.makeTable(of: "ada", on: "v") === table)
        #expect(vault.makeTable(of: "ada", on: "w") !== table && vault.makeTable(of: "bob", on: "v") !== table)
        for _ in 0..<3 {
            clock.pass(.seconds(29 * 60))
            #expect(vault.table(of: "ada", on: "v") === table)
        }
        clock.pass(.seconds(31 * 60))
        #expect(vault.table(of: "ada", on: "v") == nil)
        #expect(vault.makeTable(of: "ada", on: "v") !== table)
    }

    @Test("give way to newer ones where there are too many, those not used for longest first")
    func bound() {
        let clock = Clock()
        let vault = TokenVault { clock.now.withLock { $0 } }
        for number in 0..<TokenVault.mostSessions {
            _ = vault.makeTable(of: "\(number)", on: "v")
            clock.pass(.milliseconds(1))
        }
        #expect(vault.table(of: "0", on: "v") != nil)
        _ = vault.makeTable(of: "one more", on: "v")
        #expect(vault.table(of: "0", on: "v") != nil && vault.table(of: "1", on: "v") == nil && vault.table(of: "2", on: "v") != nil)
    }
}
