import pytest

from corepy.lib import rcodes


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("NOERROR", 0), ("noerror", 0), ("NXDomain", 3), ("NOTIMP", 4), ("NOTIMPL", 4),
        ("DSOTYPENI", 11), ("BADCOOKIE", 23), ("BADVERS", None), ("3", None), ("", None),
        ("12", None), ("RCODE12", None),
    ],
)  # fmt: skip
def test_parse(name: str, number: int | None) -> None:
    assert rcodes.parse(name) == number


def test_text() -> None:
    named = {number: text for number in range(30) if (text := rcodes.text(number))}
    assert sorted(named) == [*range(12), *range(16, 24)]
    assert all(rcodes.parse(text) == number for number, text in named.items())
    assert set(rcodes.NAMES) == {*named.values(), "NOTIMPL"}
