"""The line as a JSON object, for `-log-format=json`."""

from __future__ import annotations

import json
import time
from typing import Any

from corepy import log
from corepy.lib.mnemonics import class_text, type_text
from corepy.lib.rcodes import text as rcode_text
from corepy.lib.replacer import Exchange, escape, fill, flags_text


def settle_record(exchange: Exchange, message: str) -> str:
    """A template for `write_record`; `message` is the settled text format."""
    request = exchange.request
    response = exchange.response
    settled = {
        "opcode": request.opcode,
        "qname": exchange.name,
        "qtype": type_text(request.qtype),
        "qclass": class_text(request.qclass),
        "proto": request.proto,
        "size": exchange.size,
        "do": request.do,
        "bufsize": request.size,
        "rcode": response and (rcode_text(response.rcode) or str(response.rcode)),
        "rflags": response and flags_text(exchange.flags),
        "rsize": exchange.rsize,
    }
    # Braces are none of JSON's escapes, so a template stays one when it becomes a string.
    return (
        f'"level":"INFO","msg":{_json(message)},"plugin":"log",'
        f'"client_ip":"{{4}}","client_port":{{1}},"id":{{2}},'
        f'{escape(_json(settled)[1:-1])},"duration_seconds":{{3}}}}}}'
    )


def write_record(template: str, query: bytes, peer: Any, started: float) -> None:
    """Write the object for one query."""
    output = log.output()
    if output is not None:
        row = fill(template, query, peer, started)
        output.write(f'{{"time":"{log.timestamp(time.time())}",{row}')


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
