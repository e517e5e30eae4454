"""TLS to the vendor, behind nginx with a certificate of our own authority, and TLS to the client."""

import json
import subprocess
from pathlib import Path

import pytest

from processes import PATIENCE, ROOT, Process, curl, eventually, free_port

NGINX = ROOT / ".build-nginx/usr/sbin/nginx"


def openssl(*arguments):
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True, timeout=PATIENCE)


class Authority:
    """A certificate authority made for one test run."""

    def __init__(self, folder: Path, name):
        self.folder, self.name = folder, name
        self.certificate, self.key = folder / f"{name}.pem", folder / f"{name}.key"
        openssl(
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", f"/CN={name}",
            "-keyout", self.key, "-out", self.certificate,
        )

    def certify(self, name, subjects, days=2, usage="serverAuth"):
        """A certificate for `subjects`, such as `DNS:vendor.test,IP:127.0.0.1`, and its key."""
        certificate, key, request, extensions = (self.folder / f"{name}{end}" for end in (".crt", ".key", ".csr", ".ext"))
        openssl(
            "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}", "-keyout", key, "-out", request
        )
        extensions.write_text(f"subjectAltName={subjects}\nextendedKeyUsage={usage}\n")
        openssl(
            "x509", "-req", "-in", request, "-CA", self.certificate, "-CAkey", self.key, "-CAcreateserial", "-days", days,
            "-extfile", extensions, "-out", certificate,
        )
        key.chmod(0o600)
        return certificate, key


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"), "authority")


@pytest.fixture(scope="module")
def nginx(tmp_path_factory, authority, vendor):
    """nginx with TLS in front of the vendor, and with files of its own; gives its port."""
    folder = tmp_path_factory.mktemp("nginx")
    certificate, key = authority.certify("vendor", "DNS:vendor.test,DNS:localhost")
    (folder / "files").mkdir()
    (folder / "files/plain.json").write_text(json.dumps({"numbers": [1, 2.5, -3e9], "text": "nothing to hide"}))
    port = free_port()
    (folder / "nginx.conf").write_text(
        f"""
daemon off; master_process off; pid {folder}/pid; error_log stderr warn;
events {{}}
http {{
  access_log off; default_type application/octet-stream; types {{ application/json json; text/plain txt; }}
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  server {{
    listen 127.0.0.1:{port} ssl; ssl_certificate {certificate}; ssl_certificate_key {key};
    location /files/ {{ root {folder}; }}
    location / {{ proxy_pass {vendor.url}; proxy_http_version 1.1; proxy_buffering off; }}
  }}
}}
"""
    )
    process = Process([str(NGINX), "-p", str(folder), "-c", str(folder / "nginx.conf")], folder / "nginx.out")
    eventually(lambda: curl(f"https://localhost:{port}/files/plain.json", "--cacert", str(authority.certificate)).status == 200, what="nginx")
    yield port
    process.end()


def test_a_vendor_behind_tls_is_masked(start_gateway, authority, nginx, vendor):
    gateway = start_gateway(f"https://localhost:{nginx}", connection=f"tls: {{ca_file: {authority.certificate}}}")
    planted = vendor.planted("bytes=30000&seed=2", {"CREDIT_CARD", "IBAN_CODE"})
    result = gateway.curl("/customers?bytes=30000&seed=2&chunk=ragged")
    assert (result.status, result.error) == (200, None), result
    assert [value for value in planted if value.encode() in result.body] == []
    assert gateway.curl("/files/plain.json").body == (b'{"numbers": [1, 2.5, -3000000000.0], "text": "nothing to hide"}')


def test_the_name_in_the_certificate_can_be_another(start_gateway, authority, nginx):
    gateway = start_gateway(
        f"https://127.0.0.1:{nginx}", connection=f"tls: {{ca_file: {authority.certificate}, server_name: vendor.test}}"
    )
    assert gateway.curl("/files/plain.json").status == 200


def test_a_certificate_of_another_authority_is_refused(start_gateway, nginx, vendor, tmp_path):
    other = Authority(tmp_path, "other")
    before = vendor.settled()
    gateway = start_gateway(f"https://localhost:{nginx}", connection=f"tls: {{ca_file: {other.certificate}}}")
    result = gateway.curl("/customers")
    assert (result.status, result.headers["sluice-denied"]) == (502, "vendor-tls")
    assert len(vendor.requests()) == before


def test_the_systems_authorities_do_not_include_ours(start_gateway, nginx):
    result = start_gateway(f"https://localhost:{nginx}").curl("/customers")
    assert (result.status, result.headers["sluice-denied"]) == (502, "vendor-tls")


def test_a_certificate_for_another_name_is_refused(start_gateway, authority, nginx):
    gateway = start_gateway(
        f"https://localhost:{nginx}", connection=f"tls: {{ca_file: {authority.certificate}, server_name: elsewhere.test}}"
    )
    result = gateway.curl("/customers")
    assert (result.status, result.headers["sluice-denied"]) == (502, "vendor-tls")


def test_a_client_can_speak_tls(start_gateway, authority, vendor):
    certificate, key = authority.certify("gateway", "IP:127.0.0.1")
    gateway = start_gateway(listen=f", tls: {{certificate: {certificate}, key: {key}}}")
    result = gateway.curl("/customers?bytes=30000&seed=2&chunk=ragged", "--cacert", str(authority.certificate))
    assert (result.status, result.error) == (200, None), result
    assert result.json["has_more"] is False
    assert gateway.curl("/customers", "--cacert", str(authority.certificate), key="wrong").status == 401
    plain = curl(f"http://127.0.0.1:{gateway.port}/vendor/customers", key=gateway.key)
    assert plain.status == 0 and plain.error
