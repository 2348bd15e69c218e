import pytest

from corepy_plugins.forward.policy import POLICIES, make


@pytest.mark.parametrize("name", POLICIES)
@pytest.mark.parametrize("servers", ["a", "ab", "abc", "abcdefgh"])
def test_each_server_once(name: str, servers: str) -> None:
    policy = make(name)
    for _ in range(10):
        assert sorted(policy(servers)) == list(servers)


def test_sequential() -> None:
    assert list(make("sequential")("abc")) == list("abc")


def test_round_robin_begins_with_the_second_as_coredns_does() -> None:
    policy, other = make("round_robin"), make("round_robin")
    orders = ["".join(policy("abc")) for _ in range(4)]
    assert orders == ["bac", "cab", "abc", "bac"]
    assert "".join(other("abc")) == "bac"


def test_random_spreads_evenly() -> None:
    policy = make("random")
    first = [policy("abc")[0] for _ in range(3000)]
    assert all(850 < first.count(each) < 1150 for each in "abc")
