// The grammar of the shell, as tables: what words a text has by POSIX.1-2024 and the Bash Reference Manual.

import Operations
import Testing

@Suite struct ShellGrammarTests {
    /// The commands that a shell would run, in the order in which they are complete; unknown parts stand as `${NAME}`, `$()`, `$(())`.
    static func commands(_ text: String) -> [[String]] { ShellReader.explain(Array(text.utf8), table: CommandTable()).commands.map(\.words) }

    @Test(
        "Quotes and escapes are resolved (POSIX 2.2, Bash 3.1.2)",
        arguments: [
            (#"a 'b c' d"#, [["a", "b c", "d"]]),
            (#"a "b c" d"#, [["a", "b c", "d"]]),
            (#"a'b'"c"d"#, [["abcd"]]),
            (#"a '' "" b"#, [["a", "", "", "b"]]),
            (#"a\ b \'c \"d"#, [["a b", "'c", "\"d"]]),
            (#"'a\nb' "a\nb""#, [["a\\nb", "a\\nb"]]),
            (#""a\"b\\c\$d\`e""#, [["a\"b\\c$d`e"]]),
            ("a\\\nb c", [["ab", "c"]]),
            ("\"a\\\nb\"", [["ab"]]),
            ("'a\\\nb'", [["a\\\nb"]]),
            (#"$'a\tb\x41\101\u0042\'\\'"#, [["a\tbAAB'\\"]]),
            (#"$"a b""#, [["a b"]]),
            (#"echo it\'s"#, [["echo", "it's"]]),
            (#"a#b #c"#, [["a#b"]]),
            (#"a '#b'"#, [["a", "#b"]]),
        ])
    func quotes(_ text: String, _ words: [[String]]) { #expect(Self.commands(text) == words) }

    @Test(
        "Lists, pipelines and compound commands are taken apart (POSIX 2.9)",
        arguments: [
            ("a; b & c && d || e | f", [["a"], ["b"], ["c"], ["d"], ["e"], ["f"]]),
            ("a\nb\n\nc", [["a"], ["b"], ["c"]]),
            ("a |& b", [["a"], ["b"]]),
            ("(a; b)", [["a"], ["b"]]),
            ("{ a; b; }", [["a"], ["b"]]),
            ("! a", [["a"]]),
            ("if a; then b; elif c; then d; else e; fi; f", [["a"], ["b"], ["c"], ["d"], ["e"], ["f"]]),
            ("while a; do b; done > f; c", [["a"], ["b"], ["c"]]),
            ("until a; do b; done", [["a"], ["b"]]),
            ("for x in 1 2; do a $x; done", [["a", "1", "2"]]),
            ("for ((i=0; i<3; i++)); do a; done", [["a"]]),
            ("case $x in a|b) c;; (d) e;& *) f;; esac; g", [["c"], ["e"], ["f"], ["g"]]),
            ("case x in esac; a", [["a"]]),
            ("f() { a; }; b", [["a"], ["b"]]),
            ("function f { a; }; b", [["a"], ["b"]]),
            ("f () (a)", [["a"]]),
            ("[[ a < b && -n c ]] && d", [["d"]]),
            ("((a > 1)) && b", [["b"]]),
            ("a if then fi", [["a", "if", "then", "fi"]]),
            ("echo done; a", [["echo", "done"], ["a"]]),
            ("time -p a", [["time", "-p", "a"], ]),
            ("&& a", [["a"]]),
            ("| a", [["a"]]),
        ])
    func lists(_ text: String, _ words: [[String]]) { #expect(Self.commands(text) == words) }

    @Test(
        "Expansions stand for what the text says, else by name (POSIX 2.6, Bash 3.5)",
        arguments: [
            ("a $x ${y} \"$z\"", [["a", "${x}", "${y}", "${z}"]]),
            ("x=1; a $x", [["a", "1"]]),
            ("x='1 2'; a $x \"$x\"", [["a", "1", "2", "1 2"]]),
            ("x=1 y=2 a", [["a"]]),
            ("x=1; x+=2; a $x", [["a", "12"]]),
            ("a ${x:-b} ${x-c} ${x:=d} $x", [["a", "b", "c", "d", "d"]]),
            ("a ${HOME:-b}", [["a", "${HOME}"]]),
            ("x=abc; a ${x:1} ${x:0:2} ${x: -1} ${x#a} ${x%c} ${x/b/X} ${x^^}", [["a", "bc", "ab", "c", "bc", "ab", "aXc", "ABC"]]),
            ("x=y; y=z; a ${!x}", [["a", "z"]]),
            ("a ${#x} $((1+2)) $[1+2]", [["a", "$(())", "$(())", "$(())"]]),
            ("a $(b c) `d`", [["b", "c"], ["d"], ["a", "$()", "$()"]]),
            ("a $(echo b c) \"$(echo b c)\"", [["echo", "b", "c"], ["echo", "b", "c"], ["a", "b", "c", "b c"]]),
            ("a `echo \\`echo b\\``", [["echo", "b"], ["echo", "b"], ["a", "b"]]),
            ("a $(b \"$(c)\")", [["c"], ["b", "$()"], ["a", "$()"]]),
            ("a $( (b) )", [["b"], ["a", "$()"]]),
            ("a <(b) >(c)", [["b"], ["c"], ["a", "$()", "$()"]]),
            ("a $ $% x$", [["a", "$", "$%", "x$"]]),
            ("x=(1 2 3); a ${x[@]} \"${x[@]}\"", [["a", "1", "2", "3", "1", "2", "3"]]),
            ("a$IFS''b", [["a", "b"]]),
            ("a {b,c}{1,2} {d} {e,f", [["a", "b1", "b2", "c1", "c2", "{d}", "{e,f"]]),
            ("a x{1,{2,3}}y '{b,c}'", [["a", "x1y", "x2y", "x3y", "{b,c}"]]),
            ("a ~ ~/b", [["a", "~", "~/b"]]),
            ("a *.[ch] ?", [["a", "*.[ch]", "?"]]),
        ])
    func expansions(_ text: String, _ words: [[String]]) { #expect(Self.commands(text) == words) }

    @Test(
        "Redirections are no words (POSIX 2.7, Bash 3.6)",
        arguments: [
            ("a > f b", [["a", "b"]]),
            ("a >f 2>&1 <g >>h >|i <>j &>k &>>l b", [["a", "b"]]),
            ("> f", []),
            ("> f a", [["a"]]),
            ("a 2> f 10 b2>g", [["a", "10", "b2"]]),
            ("a <<E b\nc $(d)\nE\ne", [["d"], ["a", "b"], ["e"]]),
            ("a <<'E'\nc $(d)\nE\ne", [["a"], ["e"]]),
            ("a <<-E\n\tc\n\tE\ne", [["a"], ["e"]]),
            ("a <<E <<F; g\n1\nE\n2\nF\nh", [["a"], ["g"], ["h"]]),
            ("a <<< 'b c' d", [["a", "d"]]),
            ("$(a <<E\nb\nE\n)", [["a"], ["$()"]]),
            ("cat <<E | b\nx\nE\nc", [["cat"], ["b"], ["c"]]),
        ])
    func redirections(_ text: String, _ words: [[String]]) { #expect(Self.commands(text) == words) }

    @Test(
        "What is not complete is read as far as it goes, and noted",
        arguments: [("a 'b", [["a", "b"]]), ("a \"b $(c", [["c"], ["a", "b $()"]]), ("a $(b", [["b"], ["a", "$()"]]), ("(a", [["a"]]), ("a; }; b", [["a"], ["b"]]), ("a ${x", [["a", "${x}"]]), ("a <<E\nb", [["a"]])])
    func broken(_ text: String, _ words: [[String]]) {
        #expect(Self.commands(text) == words)
        if text != "a; }; b" { #expect(ShellReader.read(Array(text.utf8), table: CommandTable()).obscurities.map(\.reason) == [.malformed]) }
    }

    @Test(
        "Places are those of the whole text, also in commands within commands",
        arguments: [
            ("ls; rm -rf /", "rm -rf /"), ("echo \"$(rm -rf /)\"", "rm -rf /"), ("bash -c 'rm -rf /'", "rm -rf /"), ("echo `rm -rf /`", "rm -rf /"), ("sudo rm -rf / ; ls", "rm -rf /"),
            ("bash -c \"r''m -rf /\"", "r''m -rf /"),
        ])
    func places(_ text: String, _ command: String) {
        let bytes = Array(text.utf8)
        let operations = ShellReader.read(bytes, table: CommandTable()).operations
        #expect(operations.map { String(decoding: bytes[$0.range], as: UTF8.self) } == [command])
    }
}
