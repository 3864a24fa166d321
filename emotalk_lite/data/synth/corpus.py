"""The synthetic corpus on disk: who says what, how, and a prepared folder like that of real clips."""

from __future__ import annotations

import hashlib
import os
from functools import lru_cache
from pathlib import Path

import numpy as np
from tqdm import tqdm

from ...devices import one_thread
from ...emotions import CODES, EMOTIONS
from ...errors import EmotalkError
from ...paths import alone_in, atomic_path, check_writable, remove_abandoned
from .. import cremad
from ..clips import Entry, Manifest, PreparedClip, load_clip, read_header, save_clip
from ..contact_sheet import contact_sheet
from ..media import n_frames, speech_input
from ..workers import in_workers
from .expression import STRENGTH, action_units, at_rest, eye_state, head_motion, mouth_shape
from .identity import identity
from .paint import paint
from .render import render
from .speech import Phoneme, Utterance, actor_voice, require_espeak, speak, with_emotion
from .visemes import lips

RECIPE = 4  # raised when the same seed no longer gives the same clips: then they are made anew
SOURCE = "synthetic: emotalk_lite's painted heads, speech by espeak-ng (GPL-3)"
MOST_CLIPS = 72  # an actor: six emotions times twelve sentences
SHEET_ROWS = 12  # clips on the contact sheet


def synthesise(
    out: str | os.PathLike,
    actors: int = 20,
    clips: int = 12,
    seed: int = 0,
    workers: int | None = None,
    progress: bool = True,
    still_heads: bool = False,
) -> Manifest:
    """Make the synthetic corpus, or what is missing of it.

    Interrupt it at any time: clips that are finished stay, the same call goes on. A clip depends on its seed, actor and
    place alone: more actors or clips leave those that are there as they are. A folder holds one corpus: another seed, or
    heads that move where those there are still, needs another folder.

    Args:
        out: folder.
        actors: how many, numbered from 2001; at most 999. The split goes by the number, as
            for real actors: of ten, eight train.
        clips: of each actor, at most 72; the first is neutral.
        seed: of all random numbers.
        workers: processes; None: one a processor, at most two.
        progress: show a progress bar.
        still_heads: the same people say the same, but no head turns or nods: by chance move the eyes, their lids and a little of the expression alone.

    Returns:
        The manifest; `manifest.folder / "contact_sheet.png"` shows twelve of the clips.

    Raises:
        EmotalkError: espeakng-loader is missing, the folder cannot be written or holds other clips, another process makes
            some there, or too many actors or clips.
    """
    if not 1 <= actors <= cremad.N_SYNTHETIC:
        raise EmotalkError(f"cannot make {actors} actors; give 1 to {cremad.N_SYNTHETIC}")
    if not 1 <= clips <= MOST_CLIPS:
        raise EmotalkError(f"cannot make {clips} clips an actor; give 1 to {MOST_CLIPS}")
    require_espeak()
    folder = Path(out)
    sheet = folder / "contact_sheet.png"
    check_writable(sheet)
    with alone_in(folder):
        check_corpus(folder, seed, still_heads)
        return _synthesise(folder, sheet, actors, clips, seed, workers, progress, still_heads)


def _synthesise(folder: Path, sheet: Path, actors: int, clips: int, seed: int, workers: int | None, progress: bool, still_heads: bool) -> Manifest:
    remove_abandoned(folder / "clips")
    numbers = range(cremad.FIRST_SYNTHETIC, cremad.FIRST_SYNTHETIC + actors)
    tasks = [(str(folder), seed, actor, clips, still_heads) for actor in numbers]
    missing = [task for task in tasks if any(not is_made(folder, seed, name, still_heads) for name in actor_clips(seed, task[2], clips))]

    with tqdm(total=actors * clips, initial=(actors - len(missing)) * clips, unit="clip", disable=not progress) as bar:
        bar.set_description("synthetic corpus")
        for _ in in_workers(make_actor, missing, workers, folder):
            bar.update(clips)

    manifest = Manifest(folder=folder)
    for actor in numbers:
        manifest.clips += [_entry(folder, name) for name in actor_clips(seed, actor, clips)]
    with atomic_path(sheet) as temporary:
        contact_sheet([load_clip(manifest.path(entry)) for entry in of_all_emotions(manifest.clips, SHEET_ROWS)], points="The five true points").save(temporary)
    manifest.save(folder)
    return manifest


def actor_clips(seed: int, actor: int, count: int) -> list[str]:
    """The names of an actor's clips in their order: neutral first, then all six emotions in turn, in an order of the actor's own.

    Sentences and intensities change from turn to turn, so that no name comes twice and all come equally often.

    >>> names = actor_clips(0, 2001, 72)
    >>> names[0].endswith("NEU_XX"), len(set(names))
    (True, 72)
    """
    rng = np.random.default_rng((seed, actor, 90))
    codes = {emotion: code for code, emotion in CODES.items()}
    sentences = rng.permutation(list(cremad.SENTENCES))
    offsets = rng.permutation(len(sentences))[: len(EMOTIONS)]
    levels = rng.integers(3, size=len(EMOTIONS))
    names: list[str] = []
    for turn in range(-(-count // len(EMOTIONS))):
        order = list(rng.permutation(len(EMOTIONS)))
        if turn == 0:  # the condition image comes from the neutral clip: there is always one
            neutral = EMOTIONS.index("neutral")
            order = [neutral, *(k for k in order if k != neutral)]
        for k in order:
            sentence = sentences[(offsets[k] + turn) % len(sentences)]
            level = "XX" if EMOTIONS[k] == "neutral" else ("LO", "MD", "HI")[(levels[k] + turn) % 3]
            names.append(f"{actor}_{sentence}_{codes[EMOTIONS[k]]}_{level}")
    return names[:count]


def of_all_emotions(entries: list[Entry], most: int) -> list[Entry]:
    """At most so many clips, spread over the list, each emotion in turn."""
    groups = [of for emotion in EMOTIONS if (of := [entry for entry in entries if entry.emotion == emotion])]
    count = min(most, len(entries))
    spread = (groups[k % len(groups)][k * len(groups[k % len(groups)]) // count] for k in range(count))
    return list({entry.name: entry for entry in spread}.values())  # an emotion that has few comes round to them again


def check_corpus(folder: Path, seed: int, still_heads: bool) -> None:
    """See that every clip in the folder is of this corpus. Those of an older version are: they are made anew.

    Raises:
        EmotalkError: one is not; it would stay beside the new ones.
    """
    for path in sorted((folder / "clips").glob("*.safetensors")):
        try:
            made_from = read_header(path).get("sha256")
        except EmotalkError:  # of another format, or damaged
            continue
        if made_from not in (recipe(seed, path.stem, still_heads, version) for version in range(1, RECIPE + 1)):
            raise EmotalkError(
                f"{folder} holds clips that are not of this corpus, such as {path.stem} (of another seed, with other heads, or a real "
                "one); use the same settings, or give another --out"
            )


def recipe(seed: int, name: str, still_heads: bool = False, version: int = RECIPE) -> str:
    """SHA-256 of what a clip is made from: it has no original file. Tells a clip of another seed or version.

    >>> len(recipe(0, "2001_DFA_NEU_XX"))
    64
    """
    heads = ", still heads" if still_heads else ""
    return hashlib.sha256(f"emotalk_lite synthetic corpus {version}, seed {seed}, clip {name}{heads}".encode()).hexdigest()


def clip_path(folder: Path, name: str) -> Path:
    """Where a clip's file is."""
    return folder / "clips" / f"{name}.safetensors"


def is_made(folder: Path, seed: int, name: str, still_heads: bool = False) -> bool:
    """Whether a clip is there, whole, of this seed and version."""
    try:
        return read_header(clip_path(folder, name)).get("sha256") == recipe(seed, name, still_heads)
    except EmotalkError:  # not there, of another format, or damaged: it is made (again)
        return False


def _entry(folder: Path, name: str) -> Entry:
    path = clip_path(folder, name)
    header = read_header(path)
    duration = float(header["duration"])
    file = path.relative_to(folder).as_posix()
    return Entry(
        **{key: header[key] for key in ("name", "sentence", "emotion", "intensity", "split", "sha256", "source")},
        actor=int(header["actor"]),
        file=file,
        size=path.stat().st_size,
        raw=file,  # a synthetic clip is its own original
        n_frames=n_frames(duration),
        duration=duration,
    )


@one_thread()  # the pictures are too small to share out, and the workers are the parallelism
def make_actor(task: tuple[str, int, int, int, bool]) -> None:
    """Paint an actor and make the clips that are missing; `task` is folder, seed, actor, clips, still heads."""
    folder, seed, actor, count, still_heads = Path(task[0]), *task[1:]
    names = actor_clips(seed, actor, count)
    speech = _speech(seed, actor, tuple(names))
    for k, name in enumerate(names):
        if not is_made(folder, seed, name, still_heads):
            save_clip(make_clip(seed, name, k, speech[k], still_heads), clip_path(folder, name))


def _speech(seed: int, actor: int, names: tuple[str, ...]) -> list[Utterance]:
    voice = actor_voice(identity(seed, actor))
    requests = []
    for name in names:
        clip = cremad.parse_name(name)
        requests.append((clip.text, with_emotion(voice, clip.emotion, STRENGTH[clip.intensity])))
    return speak(requests)


@lru_cache(maxsize=1)
def _painted(seed: int, actor: int):
    person = identity(seed, actor)
    return person, paint(person)


def make_clip(seed: int, name: str, place: int, said: Utterance, still_heads: bool = False) -> PreparedClip:
    """One clip: its speech with a little silence around it, its face, its truth.

    Args:
        seed: of the corpus.
        name: such as "2001_DFA_ANG_HI".
        place: which of the actor's clips it is; with seed and actor it decides all that is random.
        said: the sentence.
        still_heads: the head does not move; all else as it would be.
    """
    clip = cremad.parse_name(name)
    person, layers = _painted(seed, clip.actor)
    rng = np.random.default_rng((seed, clip.actor, 100 + place))
    before, after = rng.uniform(0.2, 0.5), rng.uniform(0.15, 0.4)  # seconds of silence
    samples = np.pad(said.samples, [round(t * said.rate) for t in (before, after)])
    samples = samples + np.float32(10 ** rng.uniform(-3.2, -2.4)) * rng.standard_normal(len(samples)).astype(
        np.float32
    )  # the room
    duration = len(samples) / said.rate
    count = n_frames(duration)
    phonemes = [Phoneme("_", 0.0)] + [Phoneme(p.name, p.start + before) for p in said.phonemes]

    reach = person.rng(61).normal(1.0, 0.1) * (
        0.9 + 0.15 * STRENGTH[clip.intensity] * (clip.emotion in ("anger", "fear", "happiness"))
    )
    spoken = lips(phonemes, samples, said.rate, count, reach)
    units = action_units(clip.emotion, clip.intensity, count, rng, person.rng(60))
    mouth = mouth_shape(units, spoken)
    eyes = eye_state(units, clip.emotion, rng)
    pose = at_rest(count) if still_heads else head_motion(clip.emotion, spoken["loud"], rng)
    drawn = render(person, layers, units, mouth, eyes, pose)
    return PreparedClip(
        frames=drawn.frames,
        audio=speech_input(samples, said.rate),
        landmarks=drawn.landmarks,
        mouth_centre=drawn.landmarks[:, 3:].mean(axis=1),
        eye_centres=drawn.landmarks[:, :2],
        mouth_opening=drawn.opening,
        name=name,
        **clip._asdict(),
        split=cremad.split_of(clip.actor),
        sha256=recipe(seed, name, still_heads),
        source=SOURCE,
        duration=duration,
    )
