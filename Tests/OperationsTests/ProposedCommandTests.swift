// Commands in answers: code blocks, sessions, lines of text.

import Operations
import Testing

@Suite("Proposed commands")
struct ProposedCommandTests {
    private static let proposed = ProposedCommands(JudgeTests.shipped.catalogue)

    @Test("Code blocks in languages of commands are read, others are not")
    func blocks() {
        for (word, language) in [
            ("bash", "script"), ("{.bash", "script"), ("sh{1,2}", "script"), ("console", "session"), ("postgresql", "sql"), ("pwsh", "powershell"), ("", "unnamed"), ("cypher", "query?"), ("python", "program python"), ("jsx", "program node"),
        ] {
            #expect(ProposedCommands.language(ofBlock: word)?.name == language, "\(word)")
            #expect(ProposedCommands.Language(name: language)?.name == language)
        }
        for word in ["rust", "json", "text", "diff", "dockerfile", "swift", "bashful"] { #expect(ProposedCommands.language(ofBlock: word) == nil, "\(word)") }
    }

    @Test("What is dangerous is blocked, and what only speaks of it is not", arguments: [
        ("script", "cd /srv\nrm -rf /\n", true), ("script", "$ rm -rf /\n", true), ("script", "# rm -rf / would be bad\nls\n", false), ("script", "echo 'rm -rf /'\n", false),
        ("session", "ann@web:~$ ls\nrm -rf / is what this writes\nann@web:~$ exit\n", false), ("session", "ann@web:~$ ls\n[root@web /]# rm -rf /\n", true),
        ("session", "(venv) $ rm -rf \\\n> /\n", true), ("session", "PS C:\\> Remove-Item -Recurse -Force C:\\\n", true), ("session", "rm -rf /\n", true),
        ("unnamed", "rm -rf /\n", true), ("unnamed", "sudo rm -rf / --no-preserve-root", true), ("unnamed", "$ rm -rf /", true), ("unnamed", "The command rm -rf / deletes everything", false),
        ("unnamed", "DROP TABLE users;", true), ("unnamed", "+-----+\n| rm -rf / |\n+-----+", false), ("unnamed", "def f():\n    drop = 1", false),
        ("line", "select 1; drop table customers; select 2", true), ("line", "SELECT * FROM logs WHERE m = 'drop table x'", false), ("line", "drop the table before you leave", false),
        ("line", "delete from the list what you do not need", false), ("line", "kill time with a book", false), ("line", "git push --force origin main", true),
        ("sql", "DELETE FROM users", true), ("sql", "DELETE FROM users WHERE id = 7", false), ("shell", "rm -rf /tmp/work", false), ("shell?", "how to use rm -rf / safely", false),
        ("program python", "import os\nos.system('rm -rf /')\n", true), ("program python", "import subprocess as s\ns.run(['rm', '-rf', '/'])\n", true),
        ("program python", "import shutil\nshutil.rmtree('/etc')\n", true), ("program python", "cursor.execute(\"DROP TABLE users\")\n", true),
        ("program python", "import os\nprint(os.listdir('/etc'))  # never rm -rf /\n", false), ("program python", "shutil.rmtree('build')\nos.remove(path)\n", false),
        ("program node", "const { execSync } = require('child_process');\nexecSync('rm -rf /');\n", true), ("program node", "fs.rmSync('/etc', { recursive: true });\n", true),
        ("program node", "console.log('rm -rf /');\n", false), ("program ruby", "system('git push --force origin main')\n", true), ("program perl", "print `ls`;\n", false),
        ("program php", "<?php shell_exec('rm -rf /var');", true),
    ])
    func verdicts(language: String, command: String, isBlocked: Bool) throws {
        let language = try #require(ProposedCommands.Language(name: language))
        let verdict = Self.proposed.verdict(on: command, in: language)
        #expect((verdict?.decision == .block) == isBlocked, "\(verdict.map { "\($0)" } ?? "nothing")")
    }

    @Test("What needs a person's agreement is said where a command is sure to stand, and nowhere else")
    func reported() throws {
        let proposed = Self.proposed
        #expect(proposed.verdict(on: "bash -i", in: .place(.shell, isCertain: true))?.decision != .block)
        #expect(proposed.verdict(on: "X=$(cat y); $X", in: .script)?.decision != .block)
        #expect(proposed.verdict(on: "$X -rf", in: .line) == nil)
    }
}
