// What the demonstration vendor answers: its whole interface in one table.

import Foundation
import NIOCore
import NIOHTTP1

/// One request, complete.
struct VendorRequest {
    var head: HTTPRequestHead
    /// The first MiB.
    var body: ByteBuffer
    /// Bytes that came, kept or not.
    var bodyBytes: Int

    var path: String { String(head.uri.prefix { $0 != "?" }) }

    /// Headers by lower-case name, repeated ones joined.
    var joinedHeaders: [String: String] {
        Dictionary(head.headers.map { ($0.name.lowercased(), $0.value) }, uniquingKeysWith: { $0 + ", " + $1 })
    }

    /// The value of a query parameter. Parameters here are numbers and words; percent codes are left as they are.
    func query(_ name: String) -> String? {
        guard let start = head.uri.firstIndex(of: "?") else { return nil }
        for pair in head.uri[start...].dropFirst().split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if parts[0] == name { return parts.count == 2 ? String(parts[1]) : "" }
        }
        return nil
    }

    func number(_ name: String, default standard: Int) -> Int {
        query(name).flatMap(Int.init).map { max(0, $0) } ?? standard
    }

    var seed: UInt64 { UInt64(number("seed", default: 1)) }
}

/// A status, headers, and a body that is at hand or streamed.
struct VendorResponse {
    enum Body {
        case whole(ByteBuffer)
        case stream(BodyStream)
    }

    var status = HTTPResponseStatus.ok
    var contentType: String?
    var body: Body

    private init(status: HTTPResponseStatus = .ok, contentType: String? = nil, body: Body) {
        self.status = status
        self.contentType = contentType
        self.body = body
    }

    /// Decides the answer to an authorized request.
    ///
    ///     GET    /customers        bytes, seed, chunk   one JSON document; chunk=ragged or chunk=N sends it chunked
    ///     GET    /events.ndjson    bytes, seed, chunk   the same records as JSON Lines
    ///     GET    /slow             …, interval_ms       /customers with a pause between pieces
    ///     GET    /stall            …                    half of /customers, then nothing
    ///     GET    /break            …                    half of /customers, then the connection closes
    ///     GET    /planted          bytes, seed          what /customers with these parameters holds (form=lines: /events.ndjson)
    ///     POST   /v1/chat/completions   seed, interval_ms    OpenAI's form, streamed where the body says "stream": true
    ///     GET    /v1/planted       seed                 what the chat completion holds
    ///     DELETE /customers/ID                          carried out, and counted
    ///     POST   /sql                                   carried out, and counted
    ///     GET    /executed                              what was carried out
    ///     POST   /upload                                how many bytes came
    ///     GET    /echo-headers                          the headers that came
    ///     GET    /file             bytes, type          bytes that are no text
    ///     GET    /status/CODE                           that status, without a body
    static func answer(_ request: VendorRequest, ledger: VendorLedger) throws -> VendorResponse {
        switch (request.head.method, request.path) {
        case (.GET, "/customers"), (.HEAD, "/customers"), (.GET, "/slow"):
            return VendorResponse(list: list(request, .document, ledger, ending: .complete), type: "application/json")
        case (.GET, "/events.ndjson"):
            return VendorResponse(list: list(request, .lines, ledger, ending: .complete), type: "application/x-ndjson")
        case (.GET, "/stall"):
            return VendorResponse(list: list(request, .document, ledger, ending: .stall), type: "application/json")
        case (.GET, "/break"):
            return VendorResponse(list: list(request, .document, ledger, ending: .breakOff), type: "application/json")
        case (.GET, "/planted"):
            let form: CustomerList.Form = request.query("form") == "lines" ? .lines : .document
            return try VendorResponse(json: Planted(values: customerList(request, form, ledger).planted))
        case (.POST, "/v1/chat/completions"):
            guard let asked = try? JSONDecoder().decode(ChatRequest.self, from: Data(request.body.readableBytesView)) else {
                return try VendorResponse(json: VendorError("the body is no chat request"), status: .badRequest)
            }
            let completion = ChatCompletion(model: asked.model ?? "demo", seed: request.seed)
            if asked.stream == true {
                return VendorResponse(
                    contentType: "text/event-stream", body: .stream(BodyStream(pieces: try completion.events(), interval: interval(request))))
            }
            return VendorResponse(contentType: "application/json", body: .whole(try completion.document()))
        case (.GET, "/v1/planted"):
            return try VendorResponse(json: Planted(values: ChatCompletion(model: "demo", seed: request.seed).planted))
        case (.DELETE, let path) where path.hasPrefix("/customers/"):
            let customer = String(path.dropFirst("/customers/".count))
            return try VendorResponse(json: Deleted(id: customer, executed: ledger.recordDelete(of: customer).deletes))
        case (.POST, "/sql"):
            return try VendorResponse(json: Ran(rows: 0, executed: ledger.recordStatement(String(buffer: request.body)).statements))
        case (.GET, "/executed"):
            return try VendorResponse(json: ledger.executed)
        case (.POST, "/upload"), (.PUT, "/upload"):
            return try VendorResponse(json: Uploaded(bytes: request.bodyBytes))
        case (.GET, "/echo-headers"):
            return try VendorResponse(json: request.joinedHeaders)
        case (.GET, "/file"):
            var random = SeededRandom(seed: request.seed)
            var bytes = ByteBuffer()
            let wanted = min(request.number("bytes", default: 4096), CustomerList.blockBytes)
            for _ in 0..<(wanted + 7) / 8 { bytes.writeInteger(random.next()) }
            return VendorResponse(
                contentType: request.query("type") ?? "application/octet-stream", body: .whole(bytes.readSlice(length: wanted)!))
        case (.GET, let path) where path.hasPrefix("/status/"):
            let code = Int(path.dropFirst("/status/".count)) ?? 200
            return VendorResponse(status: HTTPResponseStatus(statusCode: code), body: .whole(ByteBuffer()))
        default:
            return try VendorResponse(json: VendorError("no such resource"), status: .notFound)
        }
    }

    static func unauthorized() throws -> VendorResponse {
        try VendorResponse(json: VendorError("wrong or missing vendor key"), status: .unauthorized)
    }

    private init(list: BodyStream, type: String) {
        self.init(contentType: type, body: .stream(list))
    }

    private init(json value: some Encodable, status: HTTPResponseStatus = .ok) throws {
        self.init(status: status, contentType: "application/json", body: .whole(try encodedJSON(value)))
    }

    private static func customerList(_ request: VendorRequest, _ form: CustomerList.Form, _ ledger: VendorLedger) -> CustomerList {
        ledger.customerList(seed: request.seed, form: form, bytes: request.number("bytes", default: 16 << 10))
    }

    private static func list(
        _ request: VendorRequest, _ form: CustomerList.Form, _ ledger: VendorLedger, ending: BodyStream.Ending
    ) -> BodyStream {
        let chunk = request.query("chunk")
        let sizes: PieceSizes =
            if chunk == "ragged" {
                .ragged(SeededRandom(seed: request.seed))
            } else {
                .fixed(max(1, chunk.flatMap(Int.init) ?? 256 << 10))
            }
        return BodyStream(
            list: customerList(request, form, ledger), sizes: sizes, interval: interval(request), ending: ending, chunked: chunk != nil)
    }

    private static func interval(_ request: VendorRequest) -> TimeAmount? {
        let milliseconds = request.number("interval_ms", default: request.path == "/slow" ? 100 : 0)
        return milliseconds == 0 ? nil : .milliseconds(Int64(milliseconds))
    }

    private struct Planted: Encodable {
        var values: [PlantedValue]
    }

    private struct Deleted: Encodable {
        var id: String
        var deleted = true
        var executed: Int
    }

    private struct Ran: Encodable {
        var rows: Int
        var executed: Int
    }

    private struct Uploaded: Encodable {
        var bytes: Int
    }

    /// An error in OpenAI's form.
    private struct VendorError: Encodable {
        struct Detail: Encodable {
            var message: String
            var type = "invalid_request_error"
        }
        var error: Detail

        init(_ message: String) {
            error = Detail(message: message)
        }
    }
}
