"""Who calls: tokens of a real OpenID provider (Canaille, started by pytest-iam), signed and opaque; client certificates; keys that are revoked."""

import base64
import hashlib
import http.server
import json
import secrets
import signal
import ssl
import subprocess
import threading
import time
import urllib.parse

import pytest
from joserfc import jwk, jws, jwt

from processes import PATIENCE, PROGRAM, curl, eventually
from test_tls import Authority

REDIRECT = "http://client.test/callback"


@pytest.fixture(scope="module")
def client(iam_server):
    """The gateway as the provider knows it: the audience of the tokens, and who asks about opaque ones."""
    models = iam_server.models
    client = models.Client(
        client_id="sluice", client_secret="client-" + secrets.token_hex(16), client_name="sluice", client_uri="http://client.test", redirect_uris=[REDIRECT],
        token_endpoint_auth_method="client_secret_basic", grant_types=["authorization_code"], response_types=["code"], scope=["openid", "profile", "email", "groups"],
    )
    iam_server.backend.save(client)
    client.audience = [client]
    iam_server.backend.save(client)
    return client


@pytest.fixture(scope="module")
def tokens(iam_server, client):
    """Signs a new person of a new group in with a browser's requests (authorization code, PKCE) and returns what the provider gives them."""

    def sign_in(name, group):
        user = iam_server.random_user(user_name=name)
        iam_server.random_group(display_name=group, members=[user])
        iam_server.login(user)
        iam_server.consent(user, client)
        verifier = secrets.token_urlsafe(48)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        query = urllib.parse.urlencode(
            {
                "response_type": "code", "client_id": client.client_id, "redirect_uri": REDIRECT, "scope": "openid profile email groups", "nonce": secrets.token_hex(8),
                "state": "x", "code_challenge": challenge, "code_challenge_method": "S256",
            }
        )
        answer = curl(f"{iam_server.url}oauth/authorize?{query}")
        assert answer.status == 302, answer
        code = urllib.parse.parse_qs(urllib.parse.urlparse(answer.headers["location"]).query)["code"][0]
        answer = curl(
            f"{iam_server.url}oauth/token", "--user", f"{client.client_id}:{client.client_secret}",
            data=urllib.parse.urlencode({"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT, "code_verifier": verifier}),
        )
        iam_server.logout()
        assert answer.status == 200, answer
        return answer.json

    return sign_in


@pytest.fixture
def gateway_of_provider(start_gateway, iam_server, client, tmp_path):
    """A gateway that knows the provider by its metadata alone."""
    issuer = curl(f"{iam_server.url}.well-known/openid-configuration").json["issuer"]
    secret = tmp_path / "client.secret"
    secret.touch(0o600)
    secret.write_text(client.client_secret)

    def start(**members):
        entry = {"issuer": issuer, "audience": ["sluice"], "groups": ["agents"], **members}
        return issuer, start_gateway(settings="identity: " + json.dumps({"issuers": [entry]}))

    start.introspection = {"client_id": client.client_id, "client_secret": f"file:{secret}"}
    return start


def check(gateway, token, *, status):
    done = subprocess.run([PROGRAM, "token", "check", "--config", str(gateway.config), "--json"], input=token, capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == status, done
    assert not any(len(part) > 20 and part in done.stdout + done.stderr for part in token.split("."))
    return json.loads(done.stdout)


def test_a_person_of_a_real_provider_calls_with_its_tokens(gateway_of_provider, tokens):
    issuer, gateway = gateway_of_provider()
    given = tokens("ada", "agents")
    assert gateway.curl("/customers?bytes=1000", key=given["access_token"]).status == 200
    token = given["id_token"]
    result = gateway.curl("/customers?bytes=1000", key=token)
    assert result.status == 200, result
    assert gateway.exchange(result)["identity"] == f"{issuer}#ada"
    assert gateway.exchange(result)["groups"] == ["agents"]
    verdict = check(gateway, token, status=0)
    assert verdict["accepted"] and verdict["groups"] == ["agents"]

    # Somebody of another group is known, and may do nothing.
    assert gateway.curl("/customers", key=tokens("bob", "guests")["id_token"]).headers["sluice-denied"] == "policy"
    # The same token with one character changed, without its signature, and under another algorithm.
    head, claims, signature = token.split(".")
    none = base64.urlsafe_b64encode(b'{"alg":"none"}').rstrip(b"=").decode()
    middle = len(claims) // 2
    for forged in (
        f"{head}.{claims[:middle]}{'A' if claims[middle] != 'A' else 'B'}{claims[middle + 1 :]}.{signature}", f"{head}.{claims}.", f"{none}.{claims}.", f"{none}.{claims}.{signature}",
    ):
        result = gateway.curl("/customers", key=forged)
        assert (result.status, result.headers["sluice-denied"]) == (401, "invalid-token"), result
    assert not any(part in gateway.process.said() for part in (head, claims, signature))


def test_a_token_for_somebody_else_is_refused(gateway_of_provider, tokens):
    _, gateway = gateway_of_provider(audience=["another-gateway"])
    token = tokens("carol", "agents")["id_token"]
    assert gateway.curl("/customers", key=token).json["detail"] == "the token is for another audience"
    verdict = check(gateway, token, status=1)
    assert not verdict["accepted"] and verdict["facts"]["audience"] == "sluice" and verdict["facts"]["wanted audience"] == "another-gateway"


def test_opaque_tokens_are_asked_about_until_they_are_revoked(gateway_of_provider, iam_server, client):
    issuer, gateway = gateway_of_provider(introspection={**gateway_of_provider.introspection, "cache": "1s"}, default_groups=["agents"])
    token = iam_server.random_token(subject=iam_server.random_user(user_name="dora"), client=client).access_token
    result = gateway.curl("/customers?bytes=1000", key=token)
    assert result.status == 200, result
    assert gateway.exchange(result)["identity"] == f"{issuer}#dora"
    answer = curl(f"{iam_server.url}oauth/revoke", "--user", f"{client.client_id}:{client.client_secret}", data=f"token={token}")
    assert answer.status == 200, answer
    eventually(lambda: gateway.curl("/customers", key=token).status == 401, what="the end of a revoked token")
    result = gateway.curl("/customers", key=secrets.token_urlsafe(32))
    assert (result.status, result.headers["sluice-denied"]) == (401, "invalid-token"), result
    assert token not in gateway.process.said() and client.client_secret not in gateway.process.said()


def test_the_provider_may_be_down_when_the_gateway_starts(start_gateway):
    gateway = start_gateway(settings='identity: {issuers: [{issuer: "http://127.0.0.1:9", audience: x}]}')
    assert gateway.curl("/customers?bytes=1000").status == 200
    body = base64.urlsafe_b64encode(json.dumps({"iss": "http://127.0.0.1:9"}).encode()).rstrip(b"=").decode()
    head = base64.urlsafe_b64encode(b'{"alg":"RS256"}').rstrip(b"=").decode()
    result = gateway.curl("/customers", key=f"{head}.{body}.AAAA")
    assert (result.status, result.headers["sluice-denied"]) == (503, "identity-unavailable"), result
    gateway.process.await_line("the keys of issuer http://127.0.0.1:9 cannot be had")


@pytest.fixture
def issuer_with_tls(tmp_path):
    """An issuer at `https://localhost` with a certificate of its own authority, whose tokens another library (joserfc) signs."""
    folder = tmp_path / "issuer"
    folder.mkdir()
    authority = Authority(folder, "issuer-authority")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*authority.certify("localhost", "DNS:localhost"))
    keys = [
        jwk.RSAKey.generate_key(2048, {"kid": "rsa", "use": "sig"}), *(jwk.ECKey.generate_key(curve, {"kid": curve}) for curve in ("P-256", "P-384", "P-521")),
        *(jwk.OKPKey.generate_key(curve, {"kid": curve}) for curve in ("Ed25519", "Ed448")),
    ]
    documents = {}

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            body = json.dumps(documents[self.path]).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    url = f"https://localhost:{server.server_port}"
    documents["/.well-known/openid-configuration"] = {"issuer": url, "jwks_uri": f"{url}/keys"}
    documents["/keys"] = {"keys": [key.as_dict(private=False) for key in keys]}
    thread = threading.Thread(target=server.serve_forever)
    thread.start()

    def token(algorithm, key, **claims):
        now = int(time.time())
        claims = {"iss": url, "aud": "sluice", "sub": "robot", "exp": now + 300, "iat": now, "groups": ["agents"], **claims}
        registry = jws.JWSRegistry(algorithms=list(jws.JWSRegistry.algorithms))
        return jwt.encode({"alg": algorithm, "kid": key}, claims, next(one for one in keys if one.kid == key), registry=registry)

    yield url, authority, token
    server.shutdown()
    server.server_close()
    thread.join(PATIENCE)


def test_tokens_of_an_issuer_behind_tls_by_every_algorithm(start_gateway, issuer_with_tls):
    url, authority, token = issuer_with_tls
    entry = {"issuer": url, "audience": "sluice", "groups": ["agents"], "ca_file": str(authority.certificate)}
    gateway = start_gateway(settings="identity: " + json.dumps({"issuers": [entry]}))
    for algorithm, key in (
        *((algorithm, "rsa") for algorithm in ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")), ("ES256", "P-256"), ("ES384", "P-384"), ("ES512", "P-521"), ("EdDSA", "Ed25519"), ("EdDSA", "Ed448"),
    ):
        result = gateway.curl("/customers?bytes=1000", key=token(algorithm, key))
        assert result.status == 200, (algorithm, result)
    result = gateway.curl("/customers", key=token("ES256", "P-256", groups=["guests"]))
    assert result.headers["sluice-denied"] == "policy", result

    # An authority that is not trusted, and a name that is not in the certificate, make no issuer.
    stranger = Authority(authority.folder, "stranger")
    address = url.replace("localhost", "127.0.0.1")
    for wrong in ({**entry, "ca_file": str(stranger.certificate)}, {name: value for name, value in entry.items() if name != "ca_file"}, {**entry, "jwks": f"{address}/keys"}):
        gateway = start_gateway(settings="identity: " + json.dumps({"issuers": [wrong]}))
        result = gateway.curl("/customers", key=token("ES256", "P-256"))
        assert (result.status, result.headers["sluice-denied"]) == (503, "identity-unavailable"), (wrong, result)


def test_holders_of_client_certificates(start_gateway, tmp_path):
    folder = tmp_path / "authorities"
    folder.mkdir()
    authority, stranger = Authority(folder, "clients"), Authority(folder, "strangers")
    certificate, key = authority.certify("gateway", "IP:127.0.0.1")
    holders = [
        {"uri": "spiffe://example.org/agents/*", "groups": ["agents"]}, {"dns": "*.agents.example.org", "groups": ["agents"]}, {"subject": "CN=ci", "groups": ["agents"], "owner": "operator"},
    ]
    gateway = start_gateway(
        listen=f", tls: {{certificate: {certificate}, key: {key}}}",
        settings="identity: " + json.dumps({"client_certificates": {"ca_file": str(authority.certificate), "holders": holders}}),
    )

    def call(name, names, signer=authority, usage="clientAuth"):
        shown, held = signer.certify(name, names, usage=usage)
        return gateway.curl("/customers?bytes=1000", "--cacert", str(authority.certificate), "--cert", str(shown), "--key", str(held), key=None)

    for name, names, identity in (
        ("one", "URI:spiffe://example.org/agents/one", "cert:spiffe://example.org/agents/one"), ("two", "DNS:two.agents.example.org", "cert:two.agents.example.org"), ("ci", "DNS:x.example", "cert:CN=ci"),
    ):
        result = call(name, names)
        assert result.status == 200, result
        assert gateway.exchange(result)["identity"] == identity
    for name, names in (
        ("three", "URI:spiffe://example.org/agents/a/b"), ("four", "URI:spiffe://example.com/agents/a"), ("five", "URI:spiffe://example.org/agents/a,URI:spiffe://example.org/agents/b"),
        ("six", "URI:spiffe://example.org/agents/x/../../y"), ("seven", "DNS:agents.example.org"), ("eight", "DNS:a.b.agents.example.org"), ("nine", "DNS:*.agents.example.org"), ("CI", "DNS:x.example"),
    ):
        result = call(name, names)
        assert result.status == 401 and "certificate" in result.json["detail"], (names, result)
    # Without one there is the key; with one of another authority, or one that is not for clients, there is no connection.
    assert gateway.curl("/customers?bytes=1000", "--cacert", str(authority.certificate)).status == 200
    assert gateway.curl("/customers", "--cacert", str(authority.certificate), key=None).status == 401
    assert call("ten", "URI:spiffe://example.org/agents/ten", signer=stranger).error
    assert call("eleven", "URI:spiffe://example.org/agents/eleven", usage="serverAuth").error


def test_a_key_that_was_revoked_holds_no_longer_than_to_the_reload(start_gateway):
    gateway = start_gateway()
    assert gateway.curl("/customers?bytes=1000", key="second-agent").status == 200
    revoked = gateway.keys["second-agent"]
    gateway.keys["second-agent"] = "slk_" + secrets.token_urlsafe(32)
    gateway.write_configuration()
    gateway.process.send(signal.SIGHUP)
    gateway.process.await_line("reloaded")
    assert gateway.curl("/customers", key=revoked).headers["sluice-denied"] == "unauthenticated"
    assert gateway.curl("/customers?bytes=1000", key="second-agent").status == 200
