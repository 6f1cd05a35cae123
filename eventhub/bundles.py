"""Many scripts or style sheets of a page as one file: `sh bin/bundle` makes it, and it is served while its sources are
unchanged.

A browser takes most of the time of a first load to fetch modules one by one. The files in `events/bundles/` hold them
together, made by esbuild: without blanks and comments, but with all names, which errors tell. `sources.json` says from
what each was made. Who changes a source needs no bundle: one that is out of date is not served, and the browser fetches
the sources themselves.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import tempfile
from collections.abc import Collection
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "events" / "bundles"
NAMES = ("events/page.js", "events/search/search.js", "events/every_page.css", "events/live.css")  # of static files
SOURCES = "sources.json"  # by name of a bundle, a digest of its sources, and their paths
ESBUILD = ROOT / "node_modules" / ".bin" / "esbuild"
FORM = (
    "--bundle",
    "--format=esm",
    "--target=es2023",
    "--charset=utf8",
    "--minify-whitespace",
    "--minify-syntax",
    "--legal-comments=inline",
    "--log-level=warning",
)


class Bundle(NamedTuple):
    code: str
    sources: list[str]  # paths below ROOT


def fresh() -> dict[str, Path]:
    """Return the bundles that hold what their sources hold, by the name of the static file that each stands for."""
    listed = FOLDER / SOURCES
    made_from = json.loads(listed.read_text()) if listed.exists() else {}
    paths = {name: FOLDER / Path(name).name for name in NAMES}
    return {
        name: path
        for name, path in paths.items()
        if name in made_from and path.exists() and made_from[name]["digest"] == digest(made_from[name]["sources"])
    }


def digest(sources: Collection[str]) -> str:
    """Return a digest of these files as they are now."""
    digest = hashlib.sha256()
    for source in sources:
        path = ROOT / source
        content = path.read_bytes() if path.exists() else b"gone"
        digest.update(f"{source}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()


def build(name: str) -> Bundle:
    """Return a new bundle. Raises CalledProcessError if a source cannot be read, FileNotFoundError without esbuild."""
    with tempfile.TemporaryDirectory() as folder:
        made, told = Path(folder, "made"), Path(folder, "told")
        command = [str(ESBUILD), f"events/static/{name}", f"--outfile={made}", f"--metafile={told}", *FORM]
        subprocess.run(command, cwd=ROOT, check=True)
        return Bundle(made.read_text(), sorted(json.loads(told.read_text())["inputs"]))


def main(check: bool) -> None:
    made = {name: build(name) for name in NAMES}
    made_from = {name: {"digest": digest(bundle.sources), "sources": bundle.sources} for name, bundle in made.items()}
    contents = {Path(name).name: bundle.code for name, bundle in made.items()}
    contents[SOURCES] = json.dumps(made_from, indent=1) + "\n"
    for name, content in contents.items():
        path = FOLDER / name
        if not check:
            path.write_text(content)
        elif not path.exists() or path.read_text() != content:
            sys.exit(f"{path.relative_to(ROOT)} is not made from the sources as they are. Run: sh bin/bundle")


if __name__ == "__main__":
    main(check=sys.argv[1:] == ["--check"])
