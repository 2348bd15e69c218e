from corepy.lib.upstream.ids import Ids


def test_an_id_in_use_is_never_drawn() -> None:
    free = {n.to_bytes(2, "big") for n in (7, 300, 65535)}
    taken = {n.to_bytes(2, "big") for n in range(65536)} - free
    ids = Ids()
    assert {ids.fresh(taken) for _ in range(60)} == free


def test_ids_are_spread_evenly_and_do_not_repeat_in_a_row() -> None:
    ids = Ids()
    drawn = [int.from_bytes(ids.fresh(()), "big") for _ in range(40_000)]
    counts = [0] * 64
    for number in drawn:
        counts[number >> 10] += 1
    expected = len(drawn) / 64
    chi2 = sum((count - expected) ** 2 / expected for count in counts)
    assert chi2 < 140  # 63 degrees of freedom: exceeded once in ten million runs
    assert len(set(drawn)) > 25_000  # 29 900 of 65 536 are expected


def test_two_sources_differ() -> None:
    one, other = Ids(), Ids()
    assert [one.fresh(()) for _ in range(8)] != [other.fresh(()) for _ in range(8)]
