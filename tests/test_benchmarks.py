"""Workloads of benchmarks/run.py: their Corefiles load, their questions find what they should."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

RUN = Path(__file__).parents[1] / "benchmarks" / "run.py"
ANSWERED = {"file", "full-chain", "template", "template-random", "rewrite-acl", "hosts"}
NXDOMAIN = {"file-nxdomain", "full-chain-nxdomain"}


def load() -> ModuleType:
    """The program as a module."""
    spec = importlib.util.spec_from_file_location("benchmarks_run", RUN)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look themselves up there
    spec.loader.exec_module(module)
    return module


BENCH = load()


@pytest.mark.parametrize("name", sorted(ANSWERED | NXDOMAIN))
async def test_a_workload_is_about_what_its_name_says(
    name: str, corefile: Any, tmp_path: Path
) -> None:
    BENCH.lay_out(tmp_path)
    workload = next(one for one in BENCH.WORKLOADS if one.name == name)
    text = workload.corefile.format(
        port=53, upstream=1, hosts=tmp_path / "hosts", zone=tmp_path / "zone", web=0, web2=0, web3=0
    )
    question = (tmp_path / f"{workload.questions}.questions").read_text().splitlines()[0]
    async with corefile(text.replace(":53 {", " {")) as dns:
        message = await dns.query(question)
    assert bool(message.answer) is (name in ANSWERED)
    assert message.rcode() == (3 if name in NXDOMAIN else 0)
