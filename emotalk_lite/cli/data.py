"""The commands that make data: sample, cremad, prepare, synth."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Annotated

import typer

from ..errors import EmotalkError
from .app import Seed, Subset, app


def counted(n: int, name: str) -> str:
    """So many of them.

    >>> counted(1, "clip"), counted(0, "clip")
    ('1 clip', '0 clips')
    """
    return f"{n} {name}{'s' * (n != 1)}"


@app.command()
def sample(
    out: Annotated[Path | None, typer.Option(help="Folder of the prepared sample; default: in the cache.")] = None,
) -> None:
    """Fetch and prepare the sample: six real CREMA-D clips.

    \b
    Example:
      emotalk sample
    """
    from ..data.sample import sample as prepare_sample

    manifest = prepare_sample(out)
    print(f"{manifest.folder}: {len(manifest.clips)} clips, {len(manifest.speech)} recordings; see contact_sheet.png there")


@app.command()
def cremad(
    out: Annotated[Path, typer.Option(help="Folder to download to; what is there already is kept.")],
    actors: Annotated[str | None, typer.Option(help="Only these, such as 1001,1005-1010; default: all 91 (2.4 GB).")] = None,
    subset: Subset = None,
    sound: Annotated[bool, typer.Option("--sound", help="Also each clip's sound as an MP3 of its own (0.6 GB).")] = False,
) -> None:
    """Download CREMA-D's clips from its own repository, verified.

    \b
    Examples:
      emotalk cremad --out crema-d --actors 1001,1005-1010
      emotalk cremad --out crema-d --subset paper100
    """
    from ..data import cremad as dataset
    from ..data.fetch_cremad import fetch_cremad

    numbers = None if actors is None else dataset.parse_actors(actors)
    names = None if subset is None else dataset.subset(subset)
    paths = fetch_cremad(out, numbers, names, sound)
    print(
        f"{out}: {counted(len(paths), 'file')}, verified; next: emotalk prepare --raw {out} --out <folder>. "
        "CREMA-D (Cao et al., 2014) is under the Open Database License: attribute it where you show it"
    )


@app.command()
def prepare(
    raw: Annotated[Path, typer.Option(help="Folder of the clips: FLV or MP4, with WAV or MP3 where a video has no sound.")],
    out: Annotated[Path, typer.Option(help="Folder of the prepared clips.")],
    workers: Annotated[int | None, typer.Option(min=1, help="Processes; default: one a core.")] = None,
    shard: Annotated[str, typer.Option(help="I/N: only the I-th of N parts, for one machine of a cluster.")] = "1/1",
    subset: Subset = None,
) -> None:
    """Prepare CREMA-D's clips for training, divided by actor.

    \b
    Examples:
      emotalk prepare --raw crema-d --out prepared
      emotalk prepare --raw crema-d --out prepared --subset paper100 --workers 4
      emotalk prepare --raw crema-d --out prepared --shard 3/8
    """
    match = re.fullmatch(r"(\d+)/(\d+)", shard)
    if not match or not 1 <= int(match[1]) <= int(match[2]):
        raise EmotalkError(f"--shard {shard}: give I/N with I from 1 to N, such as 3/8")
    from ..data import cremad as dataset
    from ..data.prepare_folder import prepare_folder

    names = None if subset is None else dataset.subset(subset)
    manifest = prepare_folder(raw, out, workers or os.cpu_count() or 1, (int(match[1]), int(match[2])), names)
    if manifest is None:
        print(f"{out}: shard {shard} is prepared; the last shard to finish writes manifest.json")
        return
    splits = [entry.split for entry in manifest.clips]
    shares = ", ".join(f"{splits.count(split)} {split}" for split in dataset.SPLITS)
    why = " (manifest.json says why)" * bool(manifest.skipped)
    clips, recordings = counted(len(splits), "clip"), counted(len(manifest.speech), "recording")
    print(f"{out}: {clips} ({shares}), {recordings}, {len(manifest.skipped)} skipped{why}")


@app.command()
def synth(
    out: Annotated[Path, typer.Option(help="Folder of the corpus.")],
    actors: Annotated[int, typer.Option(help="How many synthetic people; of ten, eight are for training.")] = 20,
    clips: Annotated[int, typer.Option(help="Clips of each; the first is neutral, then all six emotions in turn.")] = 12,
    seed: Seed = 0,
    still_heads: Annotated[bool, typer.Option("--still-heads", help="No head turns or nods; the same people say the same.")] = False,
    workers: Annotated[int | None, typer.Option(min=1, help="Processes; default: one a processor, at most two.")] = None,
) -> None:
    """Make a synthetic corpus: painted people who speak.

    They say CREMA-D's sentences, and what their mouths do is known. More actors or clips may be asked for later; another seed
    needs another folder. Needs the extra: pip install 'emotalk-lite[synth]'.

    \b
    Example:
      emotalk synth --out data/synthetic --actors 20 --clips 12
    """
    from ..data.synth import synthesise

    manifest = synthesise(out, actors, clips, seed, workers, still_heads=still_heads)
    frames = sum(entry.n_frames for entry in manifest.clips)
    made = f"{counted(len(manifest.clips), 'clip')} of {counted(actors, 'actor')}"
    print(f"{manifest.folder}: {made}, {frames} frames; see contact_sheet.png there")
