"""What gets installed."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.mark.slow
def test_the_wheel_has_both_packages_their_pages_and_nothing_else(tmp_path: Path) -> None:
    subprocess.run(
        [
            sys.executable, "-m", "pip", "wheel", str(ROOT), "--no-deps", "--no-build-isolation",
            "--disable-pip-version-check", "--quiet", "--wheel-dir", str(tmp_path),
        ],
        check=True,
        capture_output=True,
    )  # fmt: skip
    (wheel,) = tmp_path.glob("corepy_dns-*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    top = {name.partition("/")[0] for name in names}
    assert {name for name in top if not name.endswith(".dist-info")} == {"corepy", "corepy_plugins"}
    assert len(top) == 3
    wanted = [
        "corepy/py.typed",
        "corepy/corefile/grammar.lark",
        "corepy_plugins/__init__.py",
        "corepy_plugins/py.typed",
    ]
    pages = list((ROOT / "plugins" / "corepy_plugins").glob("*/README.md"))
    assert pages
    wanted += [f"corepy_plugins/{page.parent.name}/README.md" for page in pages]
    assert set(wanted) - set(names) == set()
    assert not [name for name in names if "test" in name.partition("/")[2].split("/")[0:1]]
