"""The names CoreDNS prints for record types and classes (those of its DNS library)."""

from __future__ import annotations

from typing import Final

_TYPES: Final = {
    0: "None", 1: "A", 2: "NS", 3: "MD", 4: "MF", 5: "CNAME", 6: "SOA", 7: "MB", 8: "MG", 9: "MR",
    10: "NULL", 12: "PTR", 13: "HINFO", 14: "MINFO", 15: "MX", 16: "TXT", 17: "RP", 18: "AFSDB",
    19: "X25", 20: "ISDN", 21: "RT", 23: "NSAP-PTR", 24: "SIG", 25: "KEY", 26: "PX", 27: "GPOS",
    28: "AAAA", 29: "LOC", 30: "NXT", 31: "EID", 32: "NIMLOC", 33: "SRV", 34: "ATMA", 35: "NAPTR",
    36: "KX", 37: "CERT", 39: "DNAME", 41: "OPT", 42: "APL", 43: "DS", 44: "SSHFP", 45: "IPSECKEY",
    46: "RRSIG", 47: "NSEC", 48: "DNSKEY", 49: "DHCID", 50: "NSEC3", 51: "NSEC3PARAM", 52: "TLSA",
    53: "SMIMEA", 55: "HIP", 56: "NINFO", 57: "RKEY", 58: "TALINK", 59: "CDS", 60: "CDNSKEY",
    61: "OPENPGPKEY", 62: "CSYNC", 63: "ZONEMD", 64: "SVCB", 65: "HTTPS", 99: "SPF", 100: "UINFO",
    101: "UID", 102: "GID", 103: "UNSPEC", 104: "NID", 105: "L32", 106: "L64", 107: "LP",
    108: "EUI48", 109: "EUI64", 128: "NXNAME", 249: "TKEY", 250: "TSIG", 251: "IXFR", 252: "AXFR",
    253: "MAILB", 254: "MAILA", 255: "ANY", 256: "URI", 257: "CAA", 258: "AVC", 260: "AMTRELAY",
    261: "RESINFO", 32768: "TA", 32769: "DLV", 65535: "Reserved",
}  # fmt: skip
_PRINTED: Final = {1: "IN", 2: "CS", 3: "CH", 4: "HS", 254: "NONE"}
_CLASSES: Final = {**_PRINTED, 255: "ANY"}
_TYPE_NUMBERS: Final = {text: number for number, text in _TYPES.items()}
_CLASS_NUMBERS: Final = {text: number for number, text in _CLASSES.items()}


def type_text(number: int) -> str:
    """A record type, `TYPE65280` where it has no name (RFC 3597)."""
    return _TYPES.get(number) or f"TYPE{number}"


def class_text(number: int) -> str:
    """A class, `CLASS42` where it has no name (RFC 3597).

    As in CoreDNS `ANY`, which is also the name of a type, is never printed for a class.
    """
    return _PRINTED.get(number) or f"CLASS{number}"


def type_number(text: str) -> int | None:
    """The record type of a name as `type_text` prints it, None for any other word."""
    return _TYPE_NUMBERS.get(text)


def class_number(text: str) -> int | None:
    """The class of a name as `class_text` prints it, or of `ANY`; None for any other word."""
    return _CLASS_NUMBERS.get(text)
