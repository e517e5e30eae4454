// Log lines: a web server's, where every line begins with an address, and a service's, where few hold anything.

enum Logs {
    /// Combined log format (Apache HTTP Server, mod_log_config).
    static func access(_ shape: BodyShape) -> [UInt8] {
        let agents = [
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36", "curl/8.5.0",
            "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1",
        ]
        return lines(shape) { random in
            var target = "/\(random.pick(Words.business))/\(random.pick(Words.business))/\(random.below(100_000))"
            if random.percent(shape.density) { target += "?email=\(random.email())" }
            let time = "\(10 + random.below(18))/Mar/2026:\(10 + random.below(14)):\(10 + random.below(50)):\(10 + random.below(50)) +0000"
            let method = random.pick(["GET", "GET", "GET", "POST", "PUT"])
            let status = random.pick([200, 200, 200, 204, 304, 404, 500])
            return #"\#(random.address()) - - [\#(time)] "\#(method) \#(target) HTTP/1.1" \#(status) \#(random.below(90_000)) "-" "\#(random.pick(agents))""#
        }
    }

    /// Keys and values (logfmt).
    static func application(_ shape: BodyShape) -> [UInt8] {
        lines(shape) { random in
            let level = random.pick(["info", "info", "info", "debug", "warn", "error"])
            let component = random.pick(Words.business)
            let message = (0..<3 + random.below(8)).map { _ in random.pick(Words.business) }.joined(separator: " ")
            var line = #"time=\#(random.timestamp()) level=\#(level) component=\#(component) trace=\#(random.string(32, of: Alphabet.hexadecimal))"#
            line += #" request=\#(random.uuid()) duration_ms=\#(random.below(5000)).\#(random.below(10)) msg="\#(message)""#
            if random.percent(shape.density) {
                let personal = random.personalValue(random.below(7))
                line += #" \#(personal.field)="\#(personal.value)""#
            }
            return line
        }
    }

    private static func lines(_ shape: BodyShape, _ line: (inout SplitMix) -> String) -> [UInt8] {
        var random = SplitMix(state: shape.seed)
        var bytes: [UInt8] = []
        bytes.reserveCapacity(shape.bytes + 500)
        while bytes.count < shape.bytes {
            bytes.append(contentsOf: line(&random).utf8)
            bytes.append(UInt8(ascii: "\n"))
        }
        return bytes
    }
}
