"""A Sphinx extension: of the theme's two thousand icons, the site carries those its pages show."""

from __future__ import annotations

import re
from pathlib import Path

ICONS = Path("_static", "scripts", "fontawesome.js")
NAME = re.compile(r"\bfa-([a-z0-9-]+)")
# name:[width,height,[other names],"code point","path"], as the minified file has it; two-tone icons have two paths
ICON = re.compile(r'(?<=[{,])"?([\w-]+)"?:\[\d+,\d+,\[([^\]]*)\],"[0-9a-f]+",(?:"[^"]*"|\[[^\]]*\])\],?')


def names_shown(site: Path) -> set[str]:
    """What pages and the theme's other scripts call icons by."""
    files = [*site.rglob("*.html"), *(path for path in (site / ICONS).parent.glob("*.js") if path.name != ICONS.name)]
    return {name for path in files for name in NAME.findall(path.read_text("utf-8", errors="ignore"))}


def keep(script: str, names: set[str]) -> str:
    """The icons' script with the icons of these names alone, whichever of its names an icon goes by."""

    def one(icon: re.Match) -> str:
        own = {icon[1], *re.findall(r'"([\w-]+)"', icon[2])}
        return icon[0] if own & names else ""

    return ICON.sub(one, script)


def slim(app, exception: Exception | None) -> None:
    """Last of all, when every page is written."""
    script = Path(app.outdir) / ICONS
    if exception is None and app.builder.format == "html" and script.exists():
        script.write_text(keep(script.read_text("utf-8"), names_shown(Path(app.outdir))), "utf-8")


def setup(app) -> dict[str, bool]:
    """Called by Sphinx."""
    app.connect("build-finished", slim)
    return {"parallel_read_safe": True}
