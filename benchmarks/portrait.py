"""How good is the shipped checkpoint? On the clips it was trained on, on synthetic actors it never saw, on a real stranger.

    python benchmarks/portrait.py --synthetic FOLDER --still-heads FOLDER [--checkpoint FILE]   # minutes; writes results/portrait.json

The first folder is what `emotalk synth --out FOLDER --actors 120 --clips 12` made, the second the same with `--still-heads`:
a picture and a voice do not say where a head will turn, so only the second shows how well the face itself is drawn. Every number is of whole clips, from the
condition image, the speech and the emotion alone, weighed by the clip's intensity as in training; mouth openings follow
the loudness of speech or the truth at the best lag within four frames, and the same with the curve reversed stands
beside them as chance.

How far a drawn mouth is open must be read from pixels. Where the truth is known, each actor gets a reader of its own: a
ridge regression from the lips' pixels to the true opening, learned from the actor's true clips, all but the one at hand.
"ceiling" is what the reader makes of that true clip, "darkness" is `mouth_opening`, which needs no truth: it sees a dark
gap, and a beard or dark skin hides that.
"""

import argparse
import json
import platform
from pathlib import Path

import numpy as np
import torch
from skimage.data import astronaut
from skimage.transform import downscale_local_mean
from sklearn.linear_model import Ridge

import emotalk_lite as et
from emotalk_lite.checkpoint import fingerprint, load_generator, read_header
from emotalk_lite.data.align import align_face
from emotalk_lite.data.clips import Manifest, PreparedClip, load_clip, load_speech
from emotalk_lite.data.windows import emotion_condition
from emotalk_lite.emotions import EMOTIONS
from emotalk_lite.generate import SHIPPED, generate
from emotalk_lite.metrics.emotion import film_features, load_emotion_classifier
from emotalk_lite.metrics.image import mouth_correlation, psnr, ssim
from emotalk_lite.metrics.motion import difference_map, lagged_correlation, mouth_opening, region_means, speech_envelope
from emotalk_lite.models.features import load_features
from emotalk_lite.models.generator import Generator
from emotalk_lite.paths import write_json

LIPS = np.s_[:, 72:112, 38:90]  # rows and columns of an aligned face in which the lips of anyone are
OUT = Path(__file__).parents[1] / "results" / "portrait.json"


def weights(emotion: str) -> list[float]:
    """One-hot."""
    return [float(name == emotion) for name in EMOTIONS]


def means(rows: list[dict[str, float]]) -> dict[str, float]:
    """The mean of every column, rounded."""
    return {name: round(float(np.mean([row[name] for row in rows])), 3) for name in rows[0]}


def against(generator: Generator, clip: PreparedClip, image: np.ndarray, reader: Ridge | None = None) -> dict[str, float]:
    """A generated clip beside the real one; with a reader of openings, beside the true opening too."""
    drawn = generate(generator, image, clip.audio, emotion_condition(clip, intensities=True).tolist())
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
    rows = {clip.emotion: against(generator, clip, neutral) for clip in clips}
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
            rows.append(against(generator, clip, neutral, opening_reader([other for other in clips if other is not clip])))
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


def stranger(generator: Generator) -> dict[str, dict[str, float]]:
    """A real face it never saw (NASA's portrait of Eileen Collins) with a real voice it never heard (CREMA-D's 1002)."""
    manifest, face = et.sample(), align_face(astronaut()).image
    rows = {}
    for entry in manifest.speech:
        speech = load_speech(manifest.path(entry))
        drawn = generate(generator, face, speech, weights(entry.emotion))
        still = generate(generator, face, speech, weights("neutral"))
        opening, loudness = mouth_opening(drawn), speech_envelope(speech)
        rows[entry.emotion] = {
            "opening_follows_loudness": lagged_correlation(opening, loudness)[0],
            "reversed": lagged_correlation(opening, loudness[::-1])[0],
            "opening_deviation": float(opening.std()),
            **{f"{place}_differ_from_neutral": value for place, value in region_means(difference_map(drawn, still)).items()},
        }
    return {**{name: means([row]) for name, row in rows.items()}, "mean": means(list(rows.values()))}


def main() -> None:
    """Measure, print and write the numbers."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--synthetic", type=Path, required=True)
    parser.add_argument("--still-heads", type=Path, required=True)
    parser.add_argument("--checkpoint", type=Path, default=SHIPPED)
    given = parser.parse_args()
    generator = load_generator(given.checkpoint)
    record = {
        "checkpoint": fingerprint(given.checkpoint),
        **{name: value for name, value in read_header(given.checkpoint).items() if name in ("preset", "stages")},
        "device": f"cpu: {platform.machine()}",
        "torch": torch.__version__,
        "sample (training fit)": sample_fit(generator),
        "synthetic held-out actors": unseen_synthetic(generator, given.synthetic),
        "synthetic held-out actors, heads still": unseen_synthetic(generator, given.still_heads),
        "emotions that a classifier names (synthetic held-out actors)": emotions_shown(generator, given.synthetic),
        "astronaut with the voice of 1002": stranger(generator),
    }
    write_json(record, OUT)
    print(json.dumps(record, indent=1))


if __name__ == "__main__":
    main()
