"""The example clusterset of `data/fixture.json`: a server block for it, and answers in short."""

from __future__ import annotations

from pathlib import Path

import dns.message

DATA = Path(__file__).parent / "data"
ZONE = "clusterset.local"
SOA = "ns.dns.clusterset.local. hostmaster.clusterset.local."


def block(options: str = "", zones: str = "", key: str = ZONE, more: str = "") -> str:
    """A server block of cluster east in clusterset production."""
    return f"""{key} {{
    k8s_cross {zones} {{
        headscale_url file:fixture.json
        cluster east
        clusterset production
        {options}
    }}
    {more}
}}
"""


def short(message: dns.message.Message) -> str:
    """rcode and record data, a `;` before the authority's and `+` before the additional's."""
    words = [] if message.rcode() == 0 else [message.rcode().name]
    for mark, section in (
        ("", message.answer), (";", message.authority), ("+", message.additional)
    ):  # fmt: skip
        for rrset in section:
            for rdata in rrset:
                text = rdata.to_text()
                if rrset.rdtype.name == "SOA":
                    text = "SOA"
                words.append(f"{mark}{text.replace(f'.svc.{ZONE}.', '')}")
    return " | ".join(words)


NODATA = ";SOA"
NXDOMAIN = "NXDOMAIN | ;SOA"
WEB4, WEB6 = "100.64.0.1 | 100.64.0.2", "fd7a:115c:a1e0::1"
