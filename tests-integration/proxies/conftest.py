"""Fixtures: proxies that run for one test."""

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import pytest

from ._proxies import STARTS, Certificate, Proxy


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    """The certificate of the site."""
    return Certificate(tmp_path_factory.mktemp("certificate"))


class Start(Protocol):
    """Starts a proxy in front of an address."""

    def __call__(self, name: str, upstream: str, text: str | None = None) -> Proxy:
        """Return the proxy."""


@pytest.fixture
def start(tmp_path: Path, certificate: Certificate) -> Iterator[Start]:
    """A function that starts proxies; they end with the test."""
    started: list[Proxy] = []

    def make(name: str, upstream: str, text: str | None = None) -> Proxy:
        folder = tmp_path / f"proxy{len(started)}"
        folder.mkdir()
        proxy = Proxy(name, folder, certificate)
        started.append(proxy)
        STARTS[name](proxy, upstream, text)
        return proxy

    yield make
    for proxy in started:
        proxy.stop()
