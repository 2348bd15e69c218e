"""*bind* makes a server block listen on chosen addresses or interfaces only."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from ipaddress import ip_address

from corepy import Controller, Directive, Token
from corepy.corefile.faults import BareError
from corepy.lib.interfaces import Interfaces, read_interfaces
from corepy.lib.suggest import hint as did_you_mean
from corepy.lib.suggest import suggest


def setup(c: Controller) -> None:
    """`bind ADDRESS|INTERFACE... { except ADDRESS|INTERFACE... }`; several lines add up."""
    names = _Names(c)
    c.block.config.bind_hosts = [
        host for directive in c.directives for host in _hosts(directive, names)
    ]


def _hosts(directive: Directive, names: _Names) -> Iterator[str]:
    """What one line stands for, its exceptions taken away."""
    if not directive.args:
        message = "at least one address or interface name is expected"
        raise BareError(message, directive.name.span)
    excepted: list[Token] = []
    for prop in directive.body:
        if prop.name.text != "except":
            hint = did_you_mean(prop.name.text, ["except"])
            raise BareError(f'invalid option "{prop.name.text}"', prop.name.span, hint)
        if not prop.args:
            message = "at least one address or interface must be given to except subdirective"
            raise BareError(message, prop.name.span)
        # A second `except` in one block takes the place of the first, as in CoreDNS.
        excepted = prop.args
    hosts = names.resolve(directive.args)
    left_out = {_plain(host) for host in names.resolve(excepted)}
    return (host for host in hosts if _plain(host) not in left_out)


class _Names:
    """Addresses out of words; the interfaces are only asked for when a word is no address.

    This is the one look at the machine that cannot wait for the start: it decides which servers
    there are.
    """

    def __init__(self, c: Controller) -> None:
        self._c = c

    @cached_property
    def _interfaces(self) -> Interfaces:
        try:
            return read_interfaces()
        except OSError as error:
            reason = f"failed to get interfaces list, cannot bind by interface name: {error}"
            self._c.warn(f"plugin/bind: {reason}")
            return {}

    def resolve(self, words: Sequence[Token]) -> list[str]:
        """The addresses that the words stand for; `BareError` for a word that is neither."""
        return [host for word in words for host in self._addresses(word)]

    def _addresses(self, word: Token) -> Sequence[str]:
        if _is_address(word.text):
            return (word.text,)
        found = self._interfaces.get(word.text)
        if found is None:
            message = f'not a valid IP address or interface name: "{word.text}"'
            raise BareError(message, word.span, self._hint(word.text))
        return found

    def _hint(self, text: str) -> str | None:
        if near := suggest(text, self._interfaces):
            return f"did you mean '{near}'?"
        if _is_address(text.partition("%")[0]):
            return "name the interface instead of an address with a scope"
        if _is_address(text.strip("[]")):
            return "write the address without brackets"
        if self._interfaces:
            return "the interfaces are: " + ", ".join(self._interfaces)
        return None


def _is_address(text: str) -> bool:
    """True for an IP address without a scope, which is what CoreDNS takes as one."""
    try:
        return "%" not in text and bool(ip_address(text).packed)
    except ValueError:
        return False


def _plain(host: str) -> str:
    """One spelling for each address, so that an exception need not repeat the operator's."""
    return str(ip_address(host))
