import asyncio

from corepy.errors import UpstreamError
from corepy.lib.upstream.health import Health


class Patient:
    """Fails a number of probes, then is well."""

    def __init__(self, failures: int) -> None:
        self.failures = failures
        self.probes = 0

    async def probe(self) -> None:
        self.probes += 1
        if self.probes <= self.failures:
            raise UpstreamError("no answer")


async def test_probes_only_from_a_failure_on_and_until_it_is_well() -> None:
    patient = Patient(3)
    health = Health(patient.probe, 0.02)
    await asyncio.sleep(0.05)
    assert patient.probes == 0
    health.suspect()
    health.suspect()
    await asyncio.sleep(0.03)
    assert 1 <= health.fails <= 3
    await asyncio.sleep(0.15)
    assert (patient.probes, health.fails) == (4, 0)
    health.suspect()
    await asyncio.sleep(0.02)
    assert patient.probes == 5
    await health.stop()


async def test_stop_ends_the_probing() -> None:
    patient = Patient(1000)
    health = Health(patient.probe, 0.01)
    health.suspect()
    await asyncio.sleep(0.03)
    await health.stop()
    seen = patient.probes
    await asyncio.sleep(0.05)
    assert patient.probes == seen > 0
    health.suspect()
    await asyncio.sleep(0.02)
    assert patient.probes == seen


async def test_an_interval_of_zero_is_no_busy_loop() -> None:
    patient = Patient(10**6)
    health = Health(patient.probe, 0.0)
    health.suspect()
    await asyncio.sleep(0.1)
    await health.stop()
    assert 2 <= patient.probes <= 12
