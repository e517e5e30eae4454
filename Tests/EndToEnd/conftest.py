"""What tests share: a vendor, and a gateway in front of it."""

import os

import pytest

from processes import FEW_RULES, Gateway, Vendor
from scripted_vendor import ScriptedVendor


@pytest.fixture(scope="session", autouse=True)
def cache(tmp_path_factory):
    """Compiled rules are kept among the tests' own files, not the user's."""
    folder = tmp_path_factory.mktemp("cache")
    os.environ["XDG_CACHE_HOME"] = str(folder)
    return folder / "sluice"


@pytest.fixture(scope="session")
def vendor(tmp_path_factory):
    """One vendor for all tests; those that count what it executed compare before and after."""
    vendor = Vendor(tmp_path_factory.mktemp("vendor"))
    yield vendor
    vendor.process.end()


@pytest.fixture(scope="module")
def gateway(tmp_path_factory, vendor):
    """One gateway for the tests of a file that leave it as they found it."""
    gateway = Gateway(tmp_path_factory.mktemp("gateway"), vendor.url, vendor.key_file)
    yield gateway
    gateway.end()


@pytest.fixture(scope="module")
def scripted():
    """A vendor that says what a test has it say."""
    vendor = ScriptedVendor()
    yield vendor
    vendor.end()


@pytest.fixture
def start_gateway(tmp_path, vendor):
    """Starts gateways with settings of their own, for one test: `start_gateway(settings="timeouts: {idle: 1s}")`."""
    started = []

    def start(upstream=None, profiles=FEW_RULES, **options):
        folder = tmp_path / f"gateway-{len(started)}"
        folder.mkdir()
        started.append(Gateway(folder, upstream or vendor.url, vendor.key_file, profiles=profiles, **options))
        return started[-1]

    yield start
    for gateway in started:
        gateway.end()
