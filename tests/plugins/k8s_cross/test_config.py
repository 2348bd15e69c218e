"""The Corefile side: what is accepted, and where and how mistakes are told."""

from __future__ import annotations

from pathlib import Path

import pytest

import corepy_plugins.k8s_cross as plugin
from corepy import metrics
from corepy.build import build
from corepy.commands import check
from corepy.controller import BlockInfo, Controller
from corepy.corefile import load
from corepy.corefile.report import as_json, render
from corepy.errors import ConfigErrors
from corepy.host import Host
from corepy.registry import Registry
from corepy_plugins.k8s_cross import files
from corepy_plugins.k8s_cross.config import PROPERTIES, read
from corepy_plugins.k8s_cross.settings import Export, Settings, Tls

KEY = "hskey-api-SECRET-not-to-be-seen"
URL = f"headscale_url https://hs.example {KEY}"


def settings(
    *body: str, zones: str = "", key: str = "clusterset.local", conf: str = ""
) -> Settings:
    """The settings of one line, with these properties in its block."""
    text = f"{key} {{\nk8s_cross {zones} {{\n" + "\n".join(body) + "\n}\n}\n"
    (block,) = load(text, conf or "Corefile", known=lambda _: True, environ={}, port=53).blocks
    (directive,) = block.directives["k8s_cross"]
    host = Host(conf=conf)
    controller = Controller("k8s_cross", [directive], BlockInfo(block.keys), host)
    return read(controller, directive)


def refused(text: str) -> ConfigErrors:
    """What a whole configuration is refused with."""
    registry = Registry()
    corefile = load(text, "Corefile", known=registry.known, environ={}, port=53)
    with pytest.raises(ConfigErrors) as caught:
        build(corefile, registry, Host())
    return caught.value


def warnings(text: str) -> list[str]:
    """What is accepted with these warnings."""
    registry = Registry()
    corefile = load(text, "Corefile", known=registry.known, environ={}, port=53)
    return build(corefile, registry, Host()).warnings


def test_defaults() -> None:
    """Those of the README that users know."""
    found = settings(URL)
    assert found.zones == ("clusterset.local.",)
    assert (found.cluster, found.clusterset) == ("default-cluster", "default-clusterset")
    assert (found.ttl, found.negttl, found.txt, found.policy) == (300, 30, True, "all")
    assert (found.refresh, found.timeout, found.max_stale, found.offline_grace) == (
        30, 10, 86400, 60,
    )  # fmt: skip
    assert not found.fallthrough.enabled
    assert (found.url, found.key) == ("https://hs.example", KEY)


def test_the_examples_of_the_known_readme() -> None:
    """Both start; the second has a zone that its block never sees, which is worth a word."""
    first = f"""clusterset.local {{
    k8s_cross {{
        headscale_url http://headscale:8080 {KEY}
        cluster prod-cluster
        clusterset production
        ttl 600
    }}
}}
"""
    second = f"""example.org {{
    k8s_cross clusterset.local {{
        headscale_url https://headscale.example.com:443 {KEY}
        cluster primary-cluster
        clusterset staging
    }}
}}
"""
    assert warnings(first) == []
    (warning,) = warnings(second)
    assert "no query for clusterset.local. reaches this server block (example.org.)" in warning
    assert "add clusterset.local to the block's zones" in warning


@pytest.mark.parametrize(
    ("zones", "key", "served"),
    [
        ("", ".", ["clusterset.local."]),
        (".", ".", ["clusterset.local."]),
        ("", "local", ["clusterset.local."]),
        ("", "svc.clusterset.local", ["clusterset.local."]),
        ("A.Test b.test.", ".", ["a.test.", "b.test."]),
    ],
)
def test_zones(zones: str, key: str, served: list[str]) -> None:
    """Lower case with the final dot; the root stands for the standard zone."""
    assert settings(URL, zones=zones, key=key).zones == tuple(served)


def test_a_block_of_another_zone_is_warned_of() -> None:
    """The hint says both ways out."""
    (warning,) = warnings(f"corp.example {{\nk8s_cross {{\n{URL}\n}}\n}}")
    assert "k8s_cross corp.example" in warning


@pytest.mark.parametrize(
    ("line", "name", "value"),
    [
        ("ttl 0", "ttl", 0),
        ("ttl 2147483647", "ttl", 2147483647),
        ("negttl 0", "negttl", 0),
        ("cluster East-1", "cluster", "east-1"),
        ("cluster c.reg", "cluster", "c.reg"),
        ("clusterset PROD", "clusterset", "prod"),
        ("policy prefer_local", "policy", "prefer_local"),
        ("locality srv", "locality", True),
        ("max_answers 7", "max_answers", 7),
        ("txt off", "txt", False),
        ("txt on", "txt", True),
        ("namespaces shop Infra", "namespaces", frozenset(("shop", "infra"))),
        ("refresh 1m30s", "refresh", 90.0),
        ("refresh 1s", "refresh", 1.0),
        ("timeout 500ms", "timeout", 0.5),
        ("max_stale 0", "max_stale", 0.0),
        ("max_stale 48h", "max_stale", 172800.0),
        ("offline_grace 0s", "offline_grace", 0.0),
        ("snapshot state/k8s", "snapshot", Path("state/k8s")),
        ("records r.json", "records", Path("r.json")),
        ("records r.yml", "records", Path("r.yml")),
        ("allow_cidr 10.0.0.0/8 fd00::/8", "allow_cidr",
         ((b"\x0a\0\0\0", 8), (b"\xfd" + bytes(15), 8))),
        ("allow_cidr 10.1.2.3", "allow_cidr", ((b"\x0a\1\2\3", 32),)),
        ("allow_namespaces Shop", "allow_namespaces", frozenset(("shop",))),
        ("export 100.64.0.1:8053 {\nfile e.yaml\n}", "export",
         Export("100.64.0.1:8053", Path("e.yaml"))),
        ("export [fd7a::1]:8053 { file e.json }\nttl 5", "export",
         Export("[fd7a::1]:8053", Path("e.json"))),
        ("extra_records_out x.json TS.example.", "extra_records", (Path("x.json"), "ts.example")),
        ("status :9180", "status", ":9180"),
        ("overlay_proxy socks5://localhost:1055", "overlay_proxy", ("localhost", 1055)),
        ("overlay_proxy socks5://[::1]:1055/", "overlay_proxy", ("::1", 1055)),
        ("match tags", "match", "tags"),
        ("match both", "match", "both"),
        ("probe", "probe", 5.0),
        ("probe 2m", "probe", 120.0),
        ("tls_insecure", "tls", Tls(insecure=True)),
        ("tls ca.pem\ntls_insecure", "tls", Tls(ca=Path("ca.pem"), insecure=True)),
        ("tls_insecure\ntls ca.pem", "tls", Tls(ca=Path("ca.pem"), insecure=True)),
        ("tls ca.pem", "tls", Tls(ca=Path("ca.pem"))),
        ("tls c.pem k.pem", "tls", Tls(cert=Path("c.pem"), key=Path("k.pem"))),
        ("tls c.pem k.pem ca.pem", "tls", Tls(Path("c.pem"), Path("k.pem"), Path("ca.pem"))),
    ],
)  # fmt: skip
def test_property(line: str, name: str, value: object) -> None:
    """Each reaches the settings."""
    assert getattr(settings(URL, line), name) == value


def test_fallthrough() -> None:
    """Without zones for all names."""
    assert settings(URL, "fallthrough").fallthrough.passes(b"\1x\0")
    some = settings(URL, "fallthrough a.test").fallthrough
    assert some.passes(b"\1x\1a\4test\0")
    assert not some.passes(b"\1x\0")


@pytest.mark.parametrize(
    ("written", "url"),
    [
        ("http://headscale:8080", "http://headscale:8080"),
        ("https://headscale.example.com:443", "https://headscale.example.com:443"),
        ("https://hs.example/", "https://hs.example"),
        ("https://hs.example/hs/", "https://hs.example/hs"),
        ("HTTPS://hs.example//", "https://hs.example"),
        ("http://[fd7a::1]:8080", "http://[fd7a::1]:8080"),
    ],
)
def test_urls(written: str, url: str) -> None:
    """Paths may be there, and end without a slash."""
    assert settings(f"headscale_url {written} {KEY}").url == url


@pytest.mark.parametrize(
    ("written", "conf", "path"),
    [
        ("file:nodes.json", "", "nodes.json"),
        ("file:nodes.json", "stdin", "nodes.json"),
        ("file:nodes.json", "conf/Corefile", "conf/nodes.json"),
        ("file:sub/my%20nodes.json", "/etc/Corefile", "/etc/sub/my nodes.json"),
        ("file:/srv/nodes.json", "conf/Corefile", "/srv/nodes.json"),
        ("file:///srv/nodes.json", "conf/Corefile", "/srv/nodes.json"),
        ("file://localhost/srv/nodes.json", "", "/srv/nodes.json"),
    ],
)
def test_file_urls(written: str, conf: str, path: str) -> None:
    """Relative to the folder of the Corefile."""
    found = settings(f"headscale_url {written}", conf=conf)
    assert found.file == Path(path)
    assert found.place == f"file:{path}"


def test_key_file() -> None:
    """Then the URL stands alone."""
    found = settings("headscale_url https://hs.example", "api_key_file key.txt")
    assert found.key_file == Path("key.txt")
    assert found.key == ""


ERRORS = [
    ("", "headscale_url is required", 2, 1, "headscale_url URL API_KEY"),
    ("headscale_url", "Wrong argument count or unexpected line ending after 'headscale_url'",
     3, 1, None),
    ("headscale_url https://hs.example",
     "Wrong argument count or unexpected line ending after 'https://hs.example'", 3, 15,
     "api_key_file"),
    (f"headscale_url https://hs.example {KEY} more",
     "Wrong argument count or unexpected line ending after '***'", 3, 66, None),
    (f"headscale_url hs.example {KEY}", "not an HTTP URL: 'hs.example'", 3, 15, "https://HOST"),
    (f"headscale_url ftp://hs {KEY}", "not an HTTP URL", 3, 15, "https://HOST"),
    (f"headscale_url http:///x {KEY}", "no host or port", 3, 15, None),
    (f"headscale_url http://h:0 {KEY}", "no host or port", 3, 15, None),
    (f"headscale_url http://h:99999 {KEY}", "not a URL", 3, 15, None),
    (f"headscale_url http://[::1 {KEY}", "not a URL", 3, 15, None),
    (f"headscale_url https://h/?a=b {KEY}", "must end with its path", 3, 15, None),
    (f"headscale_url https://user:{KEY}@h {KEY}", "user name or password", 3, 15, None),
    ("headscale_url file:nodes.json XYZ", "a file: URL needs no API key", 3, 31, None),
    ("headscale_url file:", "not a file URL", 3, 15, "file:PATH"),
    ("headscale_url file://host/x", "not a file URL", 3, 15, "file:PATH"),
    ('headscale_url https://h ""', "not an API key", 3, 25, "environment"),
    (f'headscale_url https://h "{KEY} x"', "not an API key", 3, 25, None),
    (f"{URL}\napi_key_file f", "in headscale_url and in api_key_file", 4, 1, "remove one"),
    ("headscale_url file:n.json\napi_key_file f", "no use with a file: URL", 4, 1, None),
    ("headscale_url file:n.json\ntls ca", "no use with a file: URL", 4, 1, None),
    (f"headscale_url http://10.0.0.1 {KEY}\ntls ca", "tls needs an https URL", 4, 1, None),
    (f"{URL}\ntls", "Wrong argument count", 4, 1, None),
    (f"{URL}\ntls a b c d", "Wrong argument count", 4, 11, None),
    (f"{URL}\nttl", "Wrong argument count or unexpected line ending after 'ttl'", 4, 1, None),
    (f"{URL}\nttl invalid", "invalid number 'invalid'", 4, 5, None),
    (f"{URL}\nttl 12abc", "invalid number '12abc'", 4, 5, None),
    (f"{URL}\nttl -1", "number out of range: -1", 4, 5, "0 to 2147483647"),
    (f"{URL}\nttl 2147483648", "number out of range", 4, 5, None),
    (f"{URL}\nttl 5 6", "Wrong argument count or unexpected line ending after '6'", 4, 7, None),
    (f"{URL}\nttl 5m", "invalid number '5m'", 4, 5, None),
    (f"{URL}\nttl 5\nttl 6", "property 'ttl' is given twice", 5, 1, None),
    (f"{URL}\n{URL}", "property 'headscale_url' is given twice", 4, 1, None),
    (f"{URL}\nnegttl x", "invalid number 'x'", 4, 8, None),
    (f"{URL}\ncluster", "Wrong argument count", 4, 1, None),
    (f"{URL}\ncluster a.b.c", "not a cluster name: 'a.b.c'", 4, 9, "at most one dot"),
    (f"{URL}\ncluster a_b", "not a cluster name", 4, 9, None),
    (f"{URL}\ncluster a b", "Wrong argument count", 4, 11, None),
    (f"{URL}\nclusterset a.b", "not a clusterset name: 'a.b'", 4, 12, None),
    (f"{URL}\nfallthrough a..b", "not a zone: 'a..b'", 4, 13, None),
    (f"{URL}\npolicy prefer_locl", "unknown policy 'prefer_locl'", 4, 8, "'prefer_local'"),
    (f"{URL}\nlocality zone", "unknown locality 'zone'", 4, 10, "srv"),
    (f"{URL}\nmax_answers -1", "number out of range", 4, 13, None),
    (f"{URL}\ntxt yes", "unknown txt 'yes'", 4, 5, "on, off"),
    (f"{URL}\nnamespaces", "Wrong argument count", 4, 1, None),
    (f"{URL}\nnamespaces a _b", "not a namespace: '_b'", 4, 14, None),
    (f"{URL}\nrefresh 30", 'missing unit in duration "30"', 4, 9, "30s"),
    (f"{URL}\nrefresh 999ms", "duration out of range: 999ms", 4, 9, "at least 1s"),
    (f"{URL}\ntimeout 0", "duration out of range: 0", 4, 9, None),
    (f"{URL}\nmax_stale -1s", "duration out of range: -1s", 4, 11, None),
    (f"{URL}\noffline_grace x", "invalid duration", 4, 15, None),
    (f"{URL}\nclustr east", "unknown property 'clustr'", 4, 1, "'cluster'"),
    (f"{URL}\nkubernetes", "unknown property 'kubernetes'", 4, 1, "one of:"),
    (f"{URL}\nrecords r.txt", "'r.txt' is neither JSON nor YAML", 4, 9, ".json, .yaml or .yml"),
    (f"{URL}\nsnapshot", "Wrong argument count", 4, 1, None),
    (f"{URL}\nrecords", "Wrong argument count", 4, 1, None),
    (f"{URL}\nfallthrough a.test {{\n}}", "unknown property '{'", 4, 20, "fallthrough takes no"),
    (f"{URL}\nallow_cidr", "Wrong argument count", 4, 1, None),
    (f"{URL}\nallow_cidr 10.0.0.0/8 10/8", "not a network: '10/8'", 4, 23, "ADDRESS/LENGTH"),
    (f"{URL}\nallow_cidr 0.0.0.0/0", "not a network: '0.0.0.0/0'", 4, 12, "whole Internet"),
    (f"{URL}\nextra_records_out", "Wrong argument count", 4, 1, None),
    (f"{URL}\nextra_records_out x", "Wrong argument count", 4, 19, None),
    (f"{URL}\nextra_records_out x a.test b", "Wrong argument count", 4, 28, None),
    (f"{URL}\nextra_records_out x a..test", "not a zone for names of", 4, 21, None),
    (f"{URL}\nextra_records_out x .", "not a zone for names of", 4, 21, None),
    (f"{URL}\nsnapshot x\nextra_records_out x a.test", "'x' is written by another line too",
     5, 19, None),
    (f"{URL}\noverlay_proxy", "Wrong argument count", 4, 1, None),
    (f"{URL}\noverlay_proxy localhost:1055", "not a SOCKS5 proxy: 'localhost:1055'", 4, 15,
     "socks5://HOST:PORT"),
    (f"{URL}\noverlay_proxy http://h:80", "not a SOCKS5 proxy", 4, 15, None),
    (f"{URL}\noverlay_proxy socks5://h", "not a SOCKS5 proxy", 4, 15, None),
    (f"{URL}\noverlay_proxy socks5://u:p@h:1", "not a SOCKS5 proxy", 4, 15, None),
    (f"{URL}\noverlay_proxy socks5://h:99999", "not a URL", 4, 15, None),
    (f"{URL}\nstatus", "Wrong argument count", 4, 1, None),
    (f"{URL}\nstatus :1 :2", "Wrong argument count", 4, 11, None),
    (f"{URL}\nstatus 9180", "missing port in address", 4, 8, "ADDRESS:PORT"),
    (f"{URL}\nstatus :0", "not a port: '0'", 4, 8, None),
    (f"{URL}\nmatch", "Wrong argument count", 4, 1, None),
    (f"{URL}\nmatch tags names", "Wrong argument count", 4, 12, None),
    (f"{URL}\nmatch name", "unknown match 'name'", 4, 7, "'names'"),
    (f"{URL}\nallow_namespaces a.b", "not a namespace: 'a.b'", 4, 18, None),
    (f"{URL}\nallow_namespaces", "Wrong argument count", 4, 1, None),
    (f"{URL}\nexport", "Wrong argument count", 4, 1, None),
    (f"{URL}\nexport {{\nfile e.json\n}}", "Unexpected token '{', expecting argument", 4, 8,
     None),
    (f"{URL}\nexport 10.0.0.1:80", "export needs a file", 4, 1, "{ file PATH }"),
    (f"{URL}\nexport 10.0.0.1:80 {{\n}}", "export needs a file", 4, 1, None),
    (f"{URL}\nexport 10.0.0.1 {{\nfile e.json\n}}", "missing port", 4, 8, "ADDRESS:PORT"),
    (f"{URL}\nexport 10.0.0.1:http {{\nfile e.json\n}}", "not a port: 'http'", 4, 8, None),
    (f"{URL}\nexport 10.0.0.1:80 more {{\nfile e.json\n}}", "Wrong argument count", 4, 20, None),
    (f"{URL}\nexport 10.0.0.1:80 {{\nfile\n}}", "Wrong argument count", 5, 1, None),
    (f"{URL}\nexport 10.0.0.1:80 {{\nfile a.json\nfile b.json\n}}",
     "property 'file' is given twice", 6, 1, None),
    (f"{URL}\nexport 10.0.0.1:80 {{\nfile e.txt\n}}", "neither JSON nor YAML", 5, 6, None),
    (f"{URL}\nexport 10.0.0.1:80 {{\nkubernetes\n}}", "unknown property 'kubernetes'", 5, 1,
     "one of: file"),
    (f"{URL}\nexport 10.0.0.1:80 {{\nfile e.json {{\nx\n}}\n}}", "unknown property '{'", 5, 13,
     "file takes no block"),
    (f"{URL}\nprobe 1 2", "Wrong argument count", 4, 9, None),
    (f"{URL}\nprobe 10ms", "duration out of range: 10ms", 4, 7, "at least 1s"),
    (f"{URL}\ntls_insecure yes", "Wrong argument count", 4, 14, None),
    (f"headscale_url http://10.0.0.1 {KEY}\ntls_insecure", "tls_insecure needs an https URL",
     4, 1, None),
]  # fmt: skip


@pytest.mark.parametrize(("body", "message", "line", "column", "hint"), ERRORS)
def test_mistake(body: str, message: str, line: int, column: int, hint: str | None) -> None:
    """Message, place and hint; and never the key."""
    errors = refused(f". {{\nk8s_cross {{\n{body}\n}}\n}}\n")
    (error,) = errors.errors
    assert message in error.message
    assert error.span is not None
    assert (error.span.line, error.span.column) == (line, column)
    assert error.hint
    assert (hint or "") in error.hint
    for shown in (render(errors), as_json(errors)):
        assert "SECRET" not in shown
        assert message in shown or message.replace('"', '\\"') in shown


@pytest.mark.parametrize(
    ("text", "message", "line"),
    [
        (
            f"k8s_cross {{\n{URL}\n}}\nk8s_cross {{\n{URL}\n}}",
            "zone 'clusterset.local.' is given",
            5,
        ),
        (f"k8s_cross a.test {{\n{URL}\n}}\nk8s_cross A.test. {{\n{URL}\n}}", "zone 'a.test.'", 5),
        (
            "".join(f"k8s_cross {z} {{\n{URL}\nsnapshot s\n}}\n" for z in ("a.test", "b.test")),
            "'s' is written by another line too",
            8,
        ),
        (
            "".join(
                f"k8s_cross {z} {{\n{URL}\nexport 10.0.0.1:80 {{ file e.json }}\n}}\n"
                for z in ("a.test", "b.test")
            ),
            "'10.0.0.1:80' is used by another line too",
            8,
        ),
        (f"k8s_cross a.test a.test {{\n{URL}\n}}", "zone 'a.test.' is given twice", 2),
        (f"k8s_cross a..test {{\n{URL}\n}}", "not a zone: 'a..test'", 2),
        ("k8s_cross", "headscale_url is required", 2),
        ("k8s_cross {\n}", "headscale_url is required", 2),
    ],
)
def test_mistake_outside_the_block(text: str, message: str, line: int) -> None:
    """Zones, and the missing block."""
    (error,) = refused(f". {{\n{text}\n}}\n").errors
    assert message in error.message
    assert error.span is not None
    assert error.span.line == line


@pytest.mark.parametrize(
    ("host", "warned"),
    [
        ("http://headscale:8080", False),
        ("http://127.0.0.1", False),
        ("http://[::1]", False),
        ("http://192.168.7.1", False),
        ("http://100.64.0.1", False),
        ("http://[fd7a::1]", False),
        ("http://hs.vpn.svc", False),
        ("http://hs.example.com", True),
        ("http://203.0.113.7", True),
        ("http://[2001:db8::1]", True),
        ("https://hs.example.com", False),
    ],
)
def test_plain_http_across_the_internet_is_warned_of(host: str, warned: bool) -> None:
    """The key would be read on the way."""
    found = warnings(f". {{\nk8s_cross {{\nheadscale_url {host} {KEY}\n}}\n}}")
    assert bool(found) is warned
    assert not any("SECRET" in warning for warning in found)


@pytest.mark.parametrize(("match", "warned"), [("tags", 0), ("names", 1), ("both", 1)])
def test_names_instead_of_tags_are_warned_of(match: str, warned: int) -> None:
    """They are granted by nobody."""
    found = warnings(f". {{\nk8s_cross {{\n{URL}\nmatch {match}\n}}\n}}")
    assert sum("whoever may name a node" in warning for warning in found) == warned


@pytest.mark.parametrize(
    ("address", "warned"), [(":80", True), ("0.0.0.0:80", True), ("[::]:80", True), ("h:80", False)]
)
def test_a_catalog_on_all_addresses_is_warned_of(address: str, warned: bool) -> None:
    """It is for the network, not for everybody."""
    text = f". {{\nk8s_cross {{\n{URL}\nexport {address} {{ file e.json }}\n}}\n}}"
    assert any("all addresses" in warning for warning in warnings(text)) is warned


def test_yaml_needs_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """Said at the start, with the way out; JSON does without."""
    monkeypatch.setattr(files, "has_yaml", lambda: False)
    (error,) = refused(f". {{\nk8s_cross {{\n{URL}\nrecords r.yaml\n}}\n}}").errors
    assert "pyyaml" in error.message
    assert "corepy-dns[yaml]" in (error.hint or "")
    assert settings(URL, "records r.json").records == Path("r.json")


def test_an_unchecked_certificate_is_warned_of() -> None:
    """It gives the key away to whoever stands in between."""
    (found,) = warnings(f". {{\nk8s_cross {{\n{URL}\ntls_insecure\n}}\n}}")
    assert "certificate is not checked" in found


def test_the_key_is_not_in_the_settings_representation() -> None:
    """A debugger's or a log's view of them."""
    assert KEY not in repr(settings(URL))


@pytest.mark.parametrize("name", PROPERTIES)
def test_every_property_is_documented(name: str) -> None:
    """In the syntax of the README, as the hints have it, and in words."""
    readme = (Path(plugin.__file__).parent / "README.md").read_text()
    usage = f"{name} {PROPERTIES[name][1]}".rstrip()
    syntax = " ".join(readme.partition("k8s_cross [ZONE...] {")[2].partition("```")[0].split())
    assert f" {usage} " in f" {syntax} "
    assert f"* `{name}" in readme


@pytest.mark.parametrize("name", PROPERTIES)
def test_every_property_has_its_mistakes_in_the_table(name: str) -> None:
    """At least one in what stands behind it."""
    place = [
        line
        for body, _, line, _, _ in ERRORS
        if body and (body.split("\n") + [""] * 9)[line - 3].split()[:1] == [name]
    ]
    assert place


@pytest.mark.parametrize(("body", "message", "line", "column", "hint"), ERRORS)
def test_what_check_prints(
    body: str,
    message: str,
    line: int,
    column: int,
    hint: str | None,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The line with a caret below the word, and the hint."""
    path = tmp_path / "Corefile"
    path.write_text(f". {{\nk8s_cross {{\n{body}\n}}\n}}\n")
    assert check.run(["-conf", str(path)]) == 1
    out = capsys.readouterr().out
    assert message in out
    assert f"--> {path}:{line}:" in out
    assert "^" in out
    assert f"hint: {hint or ''}"[:6] in out
    assert (hint or "") in out
    assert "SECRET" not in out


def test_every_metric_is_documented() -> None:
    """With its labels, as they are."""
    readme = (Path(plugin.__file__).parent / "README.md").read_text()
    families = [one for one in metrics.families() if one.name.startswith("coredns_k8s_cross_")]
    assert len(families) == 15
    for family in families:
        labels = f"{{{', '.join(family.label_names)}}}" if family.label_names else ""
        assert f"* `{family.name}{labels}`" in readme
