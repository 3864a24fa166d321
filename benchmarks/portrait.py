"""How good is the shipped checkpoint? On the clips it was trained on, on synthetic actors it never saw, on real strangers.

    python benchmarks/portrait.py                                           # minutes; writes results/portrait.json
    python benchmarks/portrait.py --synthetic FOLDER --still-heads FOLDER   # the painted actors too
    python benchmarks/portrait.py --portraits FOLDER                        # your own pictures too, by file name
    python benchmarks/portrait.py --further FOLDER                          # and further ones, with two recordings each
    python benchmarks/portrait.py --expression --portraits FOLDER           # nothing but what an expression classifier sees

A part that is not measured keeps its numbers in the file, if they are of the same checkpoint; "measured" says of each part when it was
measured, on what, and with which versions.

The folder of `--synthetic` is what `emotalk synth --out FOLDER --actors 120 --clips 12` made, that of `--still-heads` the same with `--still-heads`:
a picture and a voice do not say where a head will turn, so only the second shows how well the face itself is drawn. Every number is of whole clips,
from the condition image, the speech and the emotion alone, weighed by the clip's intensity as in training; mouth openings follow
the loudness of speech or the truth at the best lag within four frames, and the same with the curve reversed stands
beside them as chance.

How far a drawn mouth is open must be read from pixels. Where the truth is known, each actor gets a reader of its own: a
ridge regression from the lips' pixels to the true opening, learned from the actor's true clips, all but the one at hand.
"ceiling" is what the reader makes of that true clip, "darkness" is `mouth_opening`, which needs no truth: it sees a dark
gap, and a beard or dark skin hides that, as teeth do.

A stranger's films have no truth. Each portrait speaks all six recordings of CREMA-D's actor 1002 in each emotion, 36 films; numbers are
means over the recordings, "least" and "most" are those of single films. Their readers are darkness ("opening") and, where the extra
"identity" is installed, dlib: its 68 landmarks see the gap between the lips ("lip_opening"), whose deviation is a share of the face's height
from the highest point of the brows to the chin, and its embedding how far four frames of the film are from the picture
("identity_distance"; the same person below 0.6). "eyes_sharpness" and "mouth_sharpness" are a film's mean absolute Laplacian there, as a share of the
picture's; of the sample's clips, as a share of the filmed ones. The filmed actor of the sample stands beside them, read in the same way.

Most settings of the output `warp` were chosen by looking at pictures, those of `--portraits` among them. What it does with those says
little of the next one, so `--further` takes others, each with two of the recordings. And dlib's line of 0.6 was drawn for photographs:
"painted actors among themselves" says how far two *different* ones are apart.

Which emotion a stranger's face shows is asked of a classifier that learned from labelled photographs (`metrics/expression.py`). A face
that does not move has an expression, too, so what counts is the "rise": by how much the asked emotion's probability in a film
is above that in the neutral film with the same recording, and for neutral above the mean of the other five films. "named" is
the share of films in which the asked emotion is the most probable, and "rises_on" the number of pictures on which the rise, over all
recordings, is 0.001 or more. Again the filmed actor stands beside them: one film for each emotion.
"""

import argparse
import json
import platform
import sys
from collections.abc import Callable
from datetime import date
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch
from scipy.ndimage import laplace
from scipy.spatial.distance import pdist
from skimage.data import astronaut
from skimage.transform import downscale_local_mean
from sklearn.linear_model import Ridge

import emotalk_lite as et
from emotalk_lite.checkpoint import fingerprint, load_generator, read_header
from emotalk_lite.data.align import align_face
from emotalk_lite.data.clips import Manifest, PreparedClip, load_clip, load_speech
from emotalk_lite.data.windows import emotion_condition
from emotalk_lite.emotions import EMOTIONS
from emotalk_lite.errors import EmotalkError
from emotalk_lite.generate import SHIPPED, generate
from emotalk_lite.metrics import identity
from emotalk_lite.metrics.emotion import film_features, load_emotion_classifier
from emotalk_lite.metrics.expression import FER, expressions, load_expression_classifier
from emotalk_lite.metrics.image import mouth_correlation, psnr, ssim
from emotalk_lite.metrics.lips import lip_opening
from emotalk_lite.metrics.motion import difference_map, lagged_correlation, mouth_opening, region_means, speech_envelope
from emotalk_lite.metrics.video import IDENTITY_FRAMES
from emotalk_lite.models.features import load_features
from emotalk_lite.models.generator import Generator
from emotalk_lite.paths import write_json

LIPS = np.s_[:, 72:112, 38:90]  # rows and columns of an aligned face in which the lips of anyone are
CHIN, BROWS = 8, slice(17, 27)  # of dlib's 68 points
SPREAD = ("lip_opening_follows_loudness", "lip_opening_deviation")  # whose least and most are kept: they depend on the recording
OUT = Path(__file__).parents[1] / "results" / "portrait.json"


def weights(emotion: str) -> list[float]:
    """One-hot."""
    return [float(name == emotion) for name in EMOTIONS]


def means(rows: list[dict[str, float]]) -> dict[str, float]:
    """The mean of every column, rounded."""
    return {name: round(float(np.mean([row[name] for row in rows])), 3) + 0.0 for name in rows[0]}  # no -0.0


def drawn_as(generator: Generator, clip: PreparedClip, image: np.ndarray) -> np.ndarray:
    """The frames that a generator makes of a clip's speech and emotion and a picture."""
    return generate(generator, image, clip.audio, emotion_condition(clip, intensities=True).tolist())


def against(drawn: np.ndarray, clip: PreparedClip, reader: Ridge | None = None) -> dict[str, float]:
    """Generated frames beside a real clip; with a reader of openings, beside the true opening too."""
    row = {
        "psnr": psnr(drawn, clip.frames),
        "ssim": ssim(drawn, clip.frames),
        "mouth_correlation": mouth_correlation(drawn, clip.frames, clip.mouth_centre),
    }
    if reader is not None:
        opening, truth = reader.predict(lips(drawn)), clip.mouth_opening
        row |= {
            "opening_follows_truth": lagged_correlation(opening, truth)[0],
            "reversed": lagged_correlation(opening, truth[::-1])[0],
            "ceiling": lagged_correlation(reader.predict(lips(clip.frames)), truth)[0],
            "opening_of_the_true": float(opening.std() / truth.std()),
            "darkness_follows_truth": lagged_correlation(mouth_opening(drawn), truth)[0],
            "darkness_ceiling": lagged_correlation(mouth_opening(clip.frames), truth)[0],
        }
    return row


def sharpness(frames: np.ndarray, real: np.ndarray) -> dict[str, float]:
    """How sharp eyes and mouth are: the mean absolute Laplacian of frames (T, 128, 128, 3), as a share of that of real ones."""
    edges = (np.mean([np.abs(laplace(frame.mean(axis=-1))) for frame in some], axis=0) for some in (frames, real))
    drawn, true = (region_means(of_frames) for of_frames in edges)
    return {f"{place}_sharpness": drawn[place] / true[place] for place in ("eyes", "mouth")}


def lips(frames: np.ndarray) -> np.ndarray:
    """The grey levels of the lips and around, (T, 520) in [0, 1], each the mean of 2 x 2 pixels."""
    return downscale_local_mean(frames[LIPS].mean(axis=-1) / 255, (1, 2, 2)).reshape(len(frames), -1)


def opening_reader(clips: list[PreparedClip]) -> Ridge:
    """Learns to read an actor's mouth opening from the lips' pixels of true clips."""
    return Ridge(alpha=1.0).fit(np.concatenate([lips(c.frames) for c in clips]), np.concatenate([c.mouth_opening for c in clips]))


def sample_fit(generator: Generator) -> dict[str, dict[str, float]]:
    """The six clips it was trained on, from the neutral clip's first frame."""
    manifest = et.sample()
    clips = [load_clip(manifest.path(entry)) for entry in manifest.clips]
    neutral = next(clip.frames[0] for clip in clips if clip.emotion == "neutral")
    rows = {}
    for clip in clips:
        drawn = drawn_as(generator, clip, neutral)
        rows[clip.emotion] = against(drawn, clip) | sharpness(drawn, clip.frames)
    return {**{name: means([row]) for name, row in rows.items()}, "mean": means(list(rows.values()))}


def unseen_synthetic(generator: Generator, folder: Path) -> dict[str, object]:
    """Every clip of the synthetic actors that are in neither training nor validation, from the actor's neutral clip."""
    manifest = Manifest.load(folder)
    held_out = [entry for entry in manifest.clips if entry.split == "test"]
    actors = sorted({entry.actor for entry in held_out})
    rows = []
    for actor in actors:
        clips = [load_clip(manifest.path(entry)) for entry in held_out if entry.actor == actor]
        neutral = next(clip for clip in clips if clip.emotion == "neutral").frames[0]
        for clip in clips:
            rows.append(against(drawn_as(generator, clip, neutral), clip, opening_reader([other for other in clips if other is not clip])))
    return {"clips": len(rows), "actors": len(actors), **means(rows)}


def emotions_shown(generator: Generator, folder: Path) -> dict[str, object]:
    """What the emotion classifier names in films of unseen synthetic actors, asked for each emotion with the same speech.

    The first line is its own share of right answers on the corpus's clips of these actors: no generator can be told
    better than that.
    """
    manifest, classifier, network = Manifest.load(folder), load_emotion_classifier(), load_features("efficientnet_lite0")
    held_out = [entry for entry in manifest.clips if entry.split == "test"]
    clips = {entry.name: load_clip(manifest.path(entry)) for entry in held_out}
    neutral = {entry.actor: clips[entry.name] for entry in held_out if entry.emotion == "neutral"}

    def named(frames: np.ndarray, actor: int) -> str:
        return EMOTIONS[classifier(film_features(frames, neutral[actor].frames[0], network)).argmax()]

    own = [named(clips[entry.name].frames, entry.actor) == entry.emotion for entry in held_out]
    rows = {}
    for asked in EMOTIONS:
        seen = [named(generate(generator, c.frames[0], c.audio, weights(asked)), actor) for actor, c in neutral.items()]
        rows[asked] = {"right": round(seen.count(asked) / len(seen), 3), "named": {e: seen.count(e) for e in EMOTIONS if e in seen}}
    right = float(np.mean([row["right"] for row in rows.values()]))
    return {"of the corpus's own clips": round(float(np.mean(own)), 3), **rows, "right": round(right, 3)}


def painted_apart(folder: Path) -> dict[str, object]:
    """How far the neutral first frames of any two of the held-out synthetic actors are apart, by dlib's embedding."""
    manifest = Manifest.load(folder)
    entries = {entry.actor: entry for entry in manifest.clips if entry.split == "test" and entry.emotion == "neutral"}
    faces = identity.face_embeddings(np.stack([load_clip(manifest.path(entry)).frames[0] for entry in entries.values()]))
    apart = pdist(faces)
    return {
        "actors": len(faces),
        "pairs": len(apart),
        "mean": round(float(apart.mean()), 3),
        "least": round(float(apart.min()), 3),
        "share below 0.6": round(float((apart < 0.6).mean()), 3),
    }


@lru_cache(maxsize=1)
def landmarks():
    """dlib's finder of 68 points."""
    import dlib

    return dlib.shape_predictor(str(identity.find_models()["lips"]))


def face_height(face: np.ndarray) -> float:
    """From the highest point of the brows to the chin, in pixels of an aligned picture, by dlib's 68 points."""
    import dlib

    points = landmarks()(face, dlib.rectangle(*identity.FACE)).parts()
    return float(points[CHIN].y - min(point.y for point in points[BROWS]))


def read_film(frames: np.ndarray, speech: np.ndarray, face: np.ndarray) -> dict[str, float]:
    """How the mouth goes with the sound, and, where dlib is installed, whether this is still the person of the picture."""
    loudness, openings = speech_envelope(speech), {"opening": mouth_opening(frames)}
    row = {}
    if not identity.why_missing():
        openings["lip_opening"] = lip_opening(frames) / face_height(face)
        seen = frames[np.linspace(0, len(frames) - 1, IDENTITY_FRAMES).round().astype(int)]
        row["identity_distance"] = identity.identity_distance(identity.face_embeddings(face[None]), identity.face_embeddings(seen))
    for name, curve in openings.items():
        row[f"{name}_follows_loudness"] = lagged_correlation(curve, loudness)[0]
        row[f"{name}_reversed"] = lagged_correlation(curve, loudness[::-1])[0]
        row[f"{name}_deviation"] = float(curve.std())
    return row


def stranger(generator: Generator, picture: np.ndarray | Path, voices: dict[str, np.ndarray]) -> dict[str, list[dict[str, float]]]:
    """A face that it never saw: for each emotion, a row of numbers for each recording."""
    face = align_face(picture).image
    still = {name: generate(generator, face, speech, weights("neutral")) for name, speech in voices.items()}
    rows: dict[str, list[dict[str, float]]] = {}
    for asked in EMOTIONS:
        rows[asked] = []
        for name, speech in voices.items():
            drawn = generate(generator, face, speech, weights(asked))
            moved = region_means(difference_map(drawn, still[name]))
            differ = {f"{place}_differ_from_neutral": value for place, value in moved.items()}
            rows[asked].append(read_film(drawn, speech, face) | sharpness(drawn, face[None]) | differ)
    return rows


def over_recordings(rows: dict[str, list[dict[str, float]]]) -> dict[str, dict[str, float]]:
    """Of each emotion and of all, the means over the films, and the least and the most of what depends on the recording."""
    numbers = {}
    for name, films in {**rows, "mean": [row for some in rows.values() for row in some]}.items():
        numbers[name] = means(films)
        for key in SPREAD:
            if len(films) > 1 and key in films[0]:
                numbers[name] |= {f"{key}_{which}": round(pick(row[key] for row in films), 3) for which, pick in (("least", min), ("most", max))}
    return numbers


def of_folder(folder: Path, measure: Callable[[Path], dict]) -> tuple[dict[str, dict], dict[str, object]]:
    """What is measured of every picture of a folder, by file name; how many, and those that show no usable face, with the reason."""
    each, left_out = {}, {}
    for path in sorted(path for path in folder.iterdir() if path.is_file() and not path.name.startswith(".")):
        print(f"portrait {path.name}", file=sys.stderr)
        try:
            each[path.name] = measure(path)
        except EmotalkError as error:
            left_out[path.name] = str(error).removeprefix(f"{path}: ")
    return each, {"pictures": len(each), "left_out": left_out}


def portraits(generator: Generator, folder: Path, voices: dict[str, np.ndarray]) -> dict[str, object]:
    """Every picture of a folder, by file name, and all of them together."""
    each, found = of_folder(folder, lambda path: stranger(generator, path, voices))
    if each:
        found["all"] = over_recordings({asked: [row for rows in each.values() for row in rows[asked]] for asked in EMOTIONS})
    return found | {"each": {name: over_recordings(rows) for name, rows in each.items()}}


def evidence(seen: dict[str, dict[str, float]]) -> dict[str, dict[str, float]]:
    """Of the probabilities in a film of each emotion: by how much that emotion's rises against neutral, and whether it is named."""
    rows = {}
    for asked, row in seen.items():
        others = [seen[other][asked] for other in EMOTIONS if other != asked] if asked == "neutral" else [seen["neutral"][asked]]
        rows[asked] = {"rise": row[asked] - float(np.mean(others)), "named": float(max(row, key=row.get) == asked)}
    return rows


def evidence_of_clips() -> dict[str, dict[str, float]]:
    """Of the sample's real clips."""
    manifest, network = et.sample(), load_expression_classifier()
    rows = evidence({entry.emotion: expressions(load_clip(manifest.path(entry)).frames, network) for entry in manifest.clips})
    return {name: means([rows[name]]) for name in EMOTIONS}


def evidence_of(generator: Generator, picture: np.ndarray | Path, voices: dict[str, np.ndarray]) -> dict[str, dict[str, float]]:
    """Of a face that it never saw: the means over the recordings."""
    face, network = align_face(picture).image, load_expression_classifier()
    films = lambda speech: {asked: expressions(generate(generator, face, speech, weights(asked)), network) for asked in EMOTIONS}
    rows = [evidence(films(speech)) for speech in voices.values()]
    return {asked: means([row[asked] for row in rows]) for asked in EMOTIONS}


def evidence_of_portraits(generator: Generator, folder: Path, voices: dict[str, np.ndarray]) -> dict[str, object]:
    """Of every picture of a folder, by file name, and of all of them together."""
    each, found = of_folder(folder, lambda path: evidence_of(generator, path, voices))
    if each:
        found["all"] = {
            asked: means([rows[asked] for rows in each.values()]) | {"rises_on": sum(rows[asked]["rise"] > 0 for rows in each.values())}
            for asked in EMOTIONS
        }
    return found | {"each": each}


def filmed() -> dict[str, dict[str, float]]:
    """The sample's real clips, read as a stranger's films are; the picture is the neutral clip's first frame."""
    manifest = et.sample()
    clips = {entry.emotion: load_clip(manifest.path(entry)) for entry in manifest.clips}
    return over_recordings({name: [read_film(clip.frames, clip.audio, clips["neutral"].frames[0])] for name, clip in clips.items()})


def provenance(of: str, expression: bool) -> dict[str, str]:
    """When, on what, and with what a part was measured."""
    judge = {"fer": FER.requirement.removeprefix("fer==")} if expression else {"dlib": identity.why_missing() or version("dlib-bin")}
    return {"of": of, "date": date.today().isoformat(), "device": f"cpu: {platform.machine()}", "torch": torch.__version__, **judge}


def main() -> None:
    """Measure, print and write the numbers."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--synthetic", type=Path, help="of `emotalk synth --actors 120 --clips 12`")
    parser.add_argument("--still-heads", type=Path, help="of the same with --still-heads")
    parser.add_argument("--portraits", type=Path, help="folder of pictures, each of one face")
    parser.add_argument("--further", type=Path, help="another such folder")
    parser.add_argument("--expression", action="store_true", help="what an expression classifier sees, and nothing else; the other parts are kept")
    parser.add_argument("--checkpoint", type=Path, default=SHIPPED)
    given = parser.parse_args()
    for folder in (given.portraits, given.further):
        if folder and not folder.is_dir():
            parser.error(f"{folder}: no such folder")
    header, kept = read_header(given.checkpoint), json.loads(OUT.read_text(encoding="utf-8")) if OUT.exists() else {}
    record = {"checkpoint": fingerprint(given.checkpoint), **{name: value for name, value in header.items() if name in ("preset", "stages")}}
    if kept.get("checkpoint") != record["checkpoint"]:
        if kept and given.expression:
            parser.error(f"{OUT} is of another checkpoint; measure the other parts of this one first, without --expression")
        kept = {}  # of another network
    if not given.expression and (reason := identity.why_missing()):
        print(f"lips by landmarks and identity are left out: {reason}", file=sys.stderr)
    generator, manifest = load_generator(given.checkpoint), et.sample()
    voices = {entry.emotion: load_speech(manifest.path(entry)) for entry in manifest.speech}
    said = "the six recordings of CREMA-D's actor 1002 in the sample, each in every emotion"
    two = dict(list(voices.items())[::3])
    said_twice = f"a folder of further pictures; the recordings of 1002 in {' and '.join(two)}, each in every emotion"
    painted, usual = "`emotalk synth --actors 120 --clips 12`", not given.expression
    parts: dict[str, tuple[object, str, Callable[[], dict]]] = {  # whether it is measured, on what, and how
        "sample (training fit)": (usual, "the sample's six clips", lambda: sample_fit(generator)),
        "filmed clips of the sample": (usual, "the sample's six clips themselves", filmed),
        "synthetic held-out actors": (usual and given.synthetic, painted, lambda: unseen_synthetic(generator, given.synthetic)),
        "synthetic held-out actors, heads still": (
            usual and given.still_heads, f"{painted} with --still-heads", lambda: unseen_synthetic(generator, given.still_heads)),
        "emotions that a classifier names (synthetic held-out actors)": (
            usual and given.synthetic, painted, lambda: emotions_shown(generator, given.synthetic)),
        "painted actors among themselves": (
            usual and given.synthetic and not identity.why_missing(), painted, lambda: painted_apart(given.synthetic)),
        "astronaut with the voice of 1002": (
            usual, f"skimage.data.astronaut; {said}", lambda: over_recordings(stranger(generator, astronaut(), voices))),
        "portraits with the voice of 1002": (
            usual and given.portraits, f"a folder of pictures; {said}", lambda: portraits(generator, given.portraits, voices)),
        "further portraits": (usual and given.further, said_twice, lambda: portraits(generator, given.further, two)),
        "expressions of the filmed clips": (given.expression, "the sample's six clips themselves", evidence_of_clips),
        "expressions of the astronaut": (
            given.expression, f"skimage.data.astronaut; {said}", lambda: evidence_of(generator, astronaut(), voices)),
        "expressions of the portraits": (
            given.expression and given.portraits, f"a folder of pictures; {said}",
            lambda: evidence_of_portraits(generator, given.portraits, voices)),
        "expressions of the further portraits": (
            given.expression and given.further, said_twice, lambda: evidence_of_portraits(generator, given.further, two)),
    }  # fmt: skip
    record["measured"] = {}
    for name, (wanted, of, measure) in parts.items():
        if wanted:
            record["measured"][name], record[name] = provenance(of, given.expression), measure()
        elif name in kept:
            record["measured"][name], record[name] = kept["measured"][name], kept[name]
    write_json(record, OUT)
    print(json.dumps(record, indent=1))


if __name__ == "__main__":
    main()
