"""A vendor that plays what a test gives it, in any content coding, piece by piece."""

import gzip
import threading
import zlib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import brotli
import zstandard


class Deflate:
    """Deflate without the wrapper that the standard asks for, as some servers send it."""

    def __init__(self):
        self._coder = zlib.compressobj(6, zlib.DEFLATED, -15)

    def add(self, piece):
        return self._coder.compress(piece) + self._coder.flush(zlib.Z_SYNC_FLUSH)

    def end(self):
        return self._coder.flush()


class Zlib(Deflate):
    def __init__(self, window=15):
        self._coder = zlib.compressobj(6, zlib.DEFLATED, window)


class Brotli:
    def __init__(self):
        self._coder = brotli.Compressor()

    def add(self, piece):
        return self._coder.process(piece) + self._coder.flush()

    def end(self):
        return self._coder.finish()


class Zstandard:
    def __init__(self):
        self._coder = zstandard.ZstdCompressor().compressobj()

    def add(self, piece):
        return self._coder.compress(piece) + self._coder.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK)

    def end(self):
        return self._coder.flush()


CODERS = {
    "gzip": lambda: Zlib(31),
    "deflate": Zlib,
    "bare deflate": Deflate,
    "br": Brotli,
    "zstd": Zstandard,
}
DECODERS = {
    "gzip": gzip.decompress,
    "deflate": zlib.decompress,
    "br": brotli.decompress,
    "zstd": lambda body: zstandard.ZstdDecompressor().decompressobj().decompress(body),
}


class ScriptedVendor:
    """Answers a path, whatever its query, with the pieces that were last given for it, each flushed by itself."""

    def __init__(self):
        self.answers = {}
        # Of each request: path, lower-case fields, body.
        self.requests = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *arguments):
                pass

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                fields = {name.lower(): value for name, value in self.headers.items()}
                outer.requests.append((self.path, fields, body))
                answers = outer.answers.get(self.path.split("?")[0])
                if not answers:
                    return self.send_error(404, "nothing is scripted for this path")
                pieces, kind, coding, label = answers.pop(0)
                self.send_response(200)
                if kind:
                    self.send_header("Content-Type", kind)
                if label:
                    self.send_header("Content-Encoding", label)
                self.send_header("Transfer-Encoding", "chunked")
                self.end_headers()
                coder = CODERS[coding]() if coding else None
                for piece in pieces:
                    self.send_piece(coder.add(piece) if coder else piece)
                if coder:
                    self.send_piece(coder.end())
                self.wfile.write(b"0\r\n\r\n")

            do_GET = do_POST

            def send_piece(self, piece):
                if piece:
                    self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
                    self.wfile.flush()

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request, address):
                # A gateway that ends a connection early is what some tests are about.
                pass

        self._server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def play(self, path, pieces, kind="text/event-stream", coding=None, label=None):
        """Adds an answer to those for `path`, which are given one after another. `label` is what the answer calls its coding."""
        self.answers.setdefault(path, []).append((pieces, kind, coding, label or coding and coding.split()[-1]))

    def end(self):
        self._server.shutdown()
        self._server.server_close()
