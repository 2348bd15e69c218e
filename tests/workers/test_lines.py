"""Log lines of several workers as those of one."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import pytest

from corepy import log
from corepy.workers import lines
from corepy.workers.lines import Forwarder, Lines


@pytest.fixture
def written() -> Iterator[list[str]]:
    found: list[str] = []

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            found.append(self.format(record))

    handler = Handler()
    handler.setFormatter(log.TextFormatter())
    log.ROOT.addHandler(handler)
    before, log.ROOT.propagate = log.ROOT.propagate, False
    yield found
    log.ROOT.propagate = before
    log.ROOT.removeHandler(handler)


def said(text: str, level: int = logging.INFO, name: str = "corepy.plugin.x") -> dict[str, Any]:
    return {"name": name, "level": level, "text": text, "fields": {}}


def test_what_all_say_is_written_once(written: list[str]) -> None:
    it = Lines()
    for slot in range(3):
        it.take(slot, said("ready"))
    assert written == ["[INFO] plugin/x: ready"]


def test_what_one_says_twice_is_written_twice(written: list[str]) -> None:
    it = Lines()
    for slot in (0, 0, 1, 2, 1, 2):
        it.take(slot, said("again"))
    assert written == ["[INFO] plugin/x: again"] * 2


def test_other_lines_are_other_lines(written: list[str]) -> None:
    it = Lines()
    it.take(0, said("a"))
    it.take(1, said("b"))
    it.take(2, said("a", logging.WARNING))
    it.take(3, said("a", name="corepy"))
    assert written == [
        "[INFO] plugin/x: a",
        "[INFO] plugin/x: b",
        "[WARNING] plugin/x: a",
        "[INFO] a",
    ]


def test_after_a_while_it_is_news_again(
    written: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [1000.0]
    monkeypatch.setattr(lines, "monotonic", lambda: now[0])
    it = Lines()
    it.take(0, said("a"))
    now[0] += lines.WINDOW - 1
    it.take(1, said("a"))
    assert len(written) == 1
    now[0] += 2
    it.take(1, said("a"))
    it.take(0, said("a"))
    assert len(written) == 2


def test_memory_is_bounded(written: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "_MOST", 10)
    it = Lines()
    for number in range(100):
        it.take(0, said(str(number)))
        assert len(it._seen) <= 10
    assert len(written) == 100


class FakeChannel:
    def __init__(self) -> None:
        self.open = True
        self.crowded = False
        self.told: list[tuple[str, dict[str, Any]]] = []

    def tell(self, what: str, **fields: Any) -> None:
        self.told.append((what, fields))


class Direct(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)


def test_a_worker_sends_its_records() -> None:
    channel, direct = FakeChannel(), Direct()
    forwarder = Forwarder(channel, direct)  # type: ignore[arg-type]
    logger = logging.getLogger("corepy.plugin.talks_to_a_supervisor")
    logger.propagate = False
    logger.setLevel(logging.INFO)
    logger.addHandler(forwarder)
    logger.info("%d things", 3, extra={"fields": {"a": 1}})
    logger.error("oh", exc_info=LookupError("mistake"))
    logger.error("about a query", extra={"each": True})
    channel.crowded = True
    logger.info("too much")
    channel.open = False
    logger.info("alone")
    first, second = channel.told
    assert first == (
        "log",
        {"name": logger.name, "level": 20, "text": "3 things", "fields": {"a": 1}},
    )
    assert second[1]["text"] == "oh\nLookupError: mistake"
    assert [record.getMessage() for record in direct.records] == ["about a query", "alone"]
    logger.removeHandler(forwarder)
