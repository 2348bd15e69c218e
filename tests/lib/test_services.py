"""Ports by the names of their services."""

from __future__ import annotations

import socket

import pytest

from corepy.lib import services


def _unknown(*_name: str) -> int:
    raise OSError("service/proto not found")


@pytest.mark.parametrize(
    ("name", "number"), [("domain", 53), ("http", 80), ("https", 443), ("nothing", None)]
)
def test_without_a_file_of_services(
    monkeypatch: pytest.MonkeyPatch, name: str, number: int | None
) -> None:
    monkeypatch.setattr(socket, "getservbyname", _unknown)
    assert services.port(name) == services.port(name, "tcp") == number


def test_the_file_of_services_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getservbyname", lambda *name: len(name))
    assert (services.port("http"), services.port("http", "tcp")) == (1, 2)
