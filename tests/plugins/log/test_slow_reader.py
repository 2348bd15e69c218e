"""Somebody reads the log slowly or not at all: queries are answered all the same."""

from __future__ import annotations

import os
import time

from corepy import log
from corepy.testing import Start

COREFILE = '. {\n log . "%s {name}"\n hosts {\n  192.0.2.1 www.test\n }\n}' % ("x" * 20_000)


async def test_a_full_pipe_does_not_block(corefile: Start) -> None:
    reader, writer = os.pipe()
    async with corefile(COREFILE) as dns:
        before = log.output()
        output = log.Output(writer)
        log.redirect(output)
        try:
            started = time.monotonic()
            for _ in range(100):
                assert await dns.ask("www.test A") == "www.test. 3600 IN A 192.0.2.1"
            assert time.monotonic() - started < 5
            assert output.dropped > 0
            assert os.read(reader, 7) == b"[INFO] "
        finally:
            log.redirect(before)
            os.close(reader)
            output.flush()
            os.close(writer)
