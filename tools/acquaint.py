"""Teach a generator of the output `warp` to draw people it knows: python tools/acquaint.py CHECKPOINT OUT --people FOLDER --strangers FOLDER

Trained on many faces, the decoder's drawing is a compromise between them all. Here it learns on with a few people of whom there is
film, and what moves a stranger is left alone: the encoders of speech, emotion and noise and the two blind branches are frozen; the
image encoder, the decoder and `known` learn. A step sees

* two clips of these people, whole, as they are generated later: what the decoder draws should be the film;
* a picture of theirs with a stranger's words and any emotion, of which there is no film: it should draw what the generator made before;
* a stranger: the frames should be what they were before;
* and from the image encoder's embedding, `known` has to tell the two kinds of picture apart.

Writes OUT/generator.safetensors, for tools/ship.py, and OUT/run.json. An hour for 9,500 steps on one core; the same command gives the same bytes.
"""

import argparse
import copy
import math
import platform
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F
from tqdm import tqdm

from emotalk_lite.checkpoint import generator_file, load_generator, read_header, save_generator
from emotalk_lite.data.collection import Collection
from emotalk_lite.data.masks import eye_mask, mouth_mask
from emotalk_lite.data.windows import ClipWindows, emotion_condition, to_signed
from emotalk_lite.losses import masked_l1, perceptual_loss
from emotalk_lite.models.features import load_features
from emotalk_lite.models.generator import Generator
from emotalk_lite.models.noise import sample_noise
from emotalk_lite.paths import write_json
from emotalk_lite.presets import PRESETS, SAMPLES_PER_FRAME, TrainConfig

from torchmetrics.functional.image import structural_similarity_index_measure  # isort: skip, after emotalk_lite.compat

VOICES = (0, 0, 0, 0, -5, -3, 3, 5, 7)  # semitones; their own voice four times of nine
CLIPS, FRAMES, FRAMES_BEFORE = 2, 10, 4  # a step: clips of the people, frames drawn of each, frames compared with those before
BEGINNING = 20  # frames in which every fifth draw looks: the LSTMs know nothing yet, and it shows
RATES = 1e-3, 2e-5
WARMUP, AVERAGED = 100, 0.998
OF_STRUCTURE, OF_BEFORE, OF_STRANGERS, OF_KNOWN = 20.0, 50.0, 100.0, 0.3  # weights of the four losses that the training has not


class Example(NamedTuple):
    """A clip of the people that are to be known, without the batch's dimension."""

    image: Tensor  # (3, H, H) in [-1, 1], a frame of any of their clips
    speech: Tensor  # (320 T,), in a voice of VOICES
    emotion: Tensor  # (6,)
    chosen: Tensor  # (D,) long, the frames that are compared
    frames: Tensor  # (D, 3, H, H) in [-1, 1]
    mouth_centre: Tensor  # (D, 2)
    eye_centres: Tensor  # (D, 2, 2)


class People:
    """Whole clips of the people that are to be known."""

    def __init__(self, folder: Path) -> None:
        self.collection = Collection(folder, "train")

    def draw(self, rng: np.random.Generator) -> Example:
        """One clip, from the first or any frame of their neutral clip, or from any frame of any clip."""
        entry = rng.choice(self.collection.entries)
        source = self.collection.neutral.get(entry.actor, entry)
        kind = rng.choice(["first", "neutral", "any"], p=[0.5, 0.25, 0.25])
        if kind == "any":
            source = rng.choice(self.collection.of_actor(entry.actor))
        pictures = self.collection.clip(source).frames
        picture = pictures[0 if kind == "first" else rng.integers(len(pictures))]
        clip = self.collection.clip(entry)
        beyond = BEGINNING if rng.random() < 0.2 else len(clip.frames)
        chosen = rng.choice(min(beyond, len(clip.frames)), FRAMES, replace=False)
        return Example(
            image=to_signed(picture),
            speech=torch.from_numpy(self.collection.speech(entry, int(rng.choice(VOICES)))),
            emotion=emotion_condition(clip, intensities=True),
            chosen=torch.from_numpy(chosen),
            frames=to_signed(clip.frames[chosen]),
            mouth_centre=torch.from_numpy(clip.mouth_centre[chosen]),
            eye_centres=torch.from_numpy(clip.eye_centres[chosen]),
        )


class Made(NamedTuple):
    """What a generator makes of one picture and one voice: D frames."""

    drawn: Tensor  # (D, 3, H, H) by the decoder alone
    as_a_stranger: Tensor  # (D, 3, H, H) without any of the drawing
    known: Tensor  # (1,), before the sigmoid


def make(generator: Generator, image: Tensor, speech: Tensor, emotion: Tensor, noise: Tensor, chosen: Tensor) -> Made:
    """Run the encoders over the whole utterance and draw the chosen frames; arguments without a batch's dimension, noise with."""
    z, skips, picture, *_ = generator.encode(image[None], speech[None], emotion[None], noise)
    drawn, _ = generator.decoder.draw(z[:, chosen], skips, picture)
    warp = generator.decoder.warp
    layers = warp.layers(z[:, chosen], picture)
    of_face = z[0, :1].split(warp.parts, dim=-1)[2]
    return Made(drawn, layers._replace(share=torch.zeros_like(layers.share)).join(drawn), warp.known(of_face)[0])


def compared_with_film(drawn: Tensor, example: Example, features: torch.nn.Module, config: TrainConfig) -> dict[str, Tensor]:
    """The terms of pretraining, all frames alike, and structural similarity, which asks for hair and edges where an L1 loss takes a blur."""
    mouth = mouth_mask(example.mouth_centre[None], drawn.shape[-1], config.mouth_sigma, config.mask_floor)
    eyes = eye_mask(example.eye_centres[None], drawn.shape[-1], config.eye_sigma)
    structure = structural_similarity_index_measure(drawn[::2], example.frames[::2], data_range=(-1.0, 1.0))
    return {
        "structure": OF_STRUCTURE * (1 - structure),
        "mouth": config.mouth_weight * masked_l1(drawn[None], example.frames[None], mouth),
        "perceptual": config.perceptual_weight * perceptual_loss(drawn[:1], example.frames[:1], features),
        "eye": 0.2 * config.eye_weight * masked_l1(drawn[None], example.frames[None], eyes),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--people", type=Path, required=True, help="prepared folder of the people to be known")
    parser.add_argument("--strangers", type=Path, action="append", required=True, help="prepared folders of others, or of the same in disguise")
    parser.add_argument("--steps", type=int, default=6000)
    given = parser.parse_args()

    config, started = PRESETS["portrait"].train, time.monotonic()
    generator = load_generator(given.checkpoint)
    before = copy.deepcopy(generator).requires_grad_(False)
    generator.requires_grad_(False)
    decoder = generator.decoder
    learning = [generator.image_encoder, decoder.fc, decoder.blocks, decoder.last, decoder.warp.known]
    parameters = [p for network in learning for p in network.requires_grad_(True).parameters()]
    average = copy.deepcopy(generator)
    optimizer = torch.optim.Adam(parameters, betas=config.betas)
    people, features = People(given.people), load_features(config.perceptual_features)
    strangers = ClipWindows(
        given.strangers, config.window, voice_shifts=config.voice_shifts, pseudo_identities=1.0, pseudo_ramp=(0, 1), intensities=True
    )
    noise_rng = torch.Generator().manual_seed(0)

    def noise(n_frames: int) -> Tensor:
        return sample_noise(1, n_frames, generator.config.noise_dim, noise_rng)

    for step in (bar := tqdm(range(given.steps), "acquaint", unit="step")):
        rng = np.random.default_rng((0, step))
        rate = RATES[1] + (RATES[0] - RATES[1]) * 0.5 * (1 + math.cos(math.pi * step / given.steps))
        for group in optimizer.param_groups:
            group["lr"] = rate * min(1.0, (step + 1) / WARMUP)
        examples = [people.draw(rng) for _ in range(CLIPS)]
        made = [make(generator, e.image, e.speech, e.emotion, noise(len(e.speech) // SAMPLES_PER_FRAME), e.chosen) for e in examples]
        stranger, other = (strangers[2 * (step + 1) + turn] for turn in (step % 2, 1 - step % 2))  # of two folders, one each
        chosen = torch.from_numpy(rng.choice(config.window, FRAMES_BEFORE, replace=False))
        emotion = torch.eye(6)[rng.integers(6)] * rng.choice([0.4, 0.7, 1.0, 1.0])
        no_film = examples[0].image, other.speech, emotion.float(), noise(config.window), chosen
        unknown = stranger.image, stranger.speech, stranger.emotion, noise(config.window), chosen
        with torch.no_grad():
            wanted, as_before = make(before, *no_film).as_a_stranger, make(before, *unknown).as_a_stranger
        of_them, of_stranger = make(generator, *no_film), make(generator, *unknown)
        mouth = mouth_mask(examples[0].mouth_centre[:1].expand(1, FRAMES_BEFORE, 2), wanted.shape[-1], config.mouth_sigma, config.mask_floor)
        who = torch.cat([*(m.known for m in made), of_stranger.known])

        terms = [compared_with_film(m.drawn, e, features, config) for m, e in zip(made, examples)]
        terms = {name: sum(term[name] for term in terms) / CLIPS for name in terms[0]}
        terms["without film"] = OF_BEFORE * masked_l1(of_them.drawn[None], wanted[None], mouth)
        terms["strangers"] = OF_STRANGERS * F.l1_loss(of_stranger.as_a_stranger, as_before)
        terms["known"] = OF_KNOWN * F.binary_cross_entropy_with_logits(who, torch.tensor([1.0] * CLIPS + [0.0]))
        optimizer.zero_grad()
        sum(terms.values()).backward()
        torch.nn.utils.clip_grad_norm_(parameters, config.grad_clip)
        optimizer.step()
        with torch.no_grad():
            decay = min(AVERAGED, (step + 1) / (step + 11))
            torch._foreach_lerp_(list(average.parameters()), list(generator.parameters()), 1 - decay)
        if step % 100 == 99:
            bar.set_postfix_str(" ".join(f"{name} {term.item():.3f}" for name, term in terms.items()))

    known = ("format", "config")  # written anew
    about = {name: value for name, value in read_header(generator_file(given.checkpoint)).items() if name not in known}
    about["acquainted"] = str(int(about.get("acquainted", 0)) + given.steps)
    save_generator(average, given.out / "generator.safetensors", **about)
    run = {"steps": given.steps, "seconds": round(time.monotonic() - started, 1), "device": f"cpu: {platform.machine()}, {torch.get_num_threads()} threads"}
    write_json(run, given.out / "run.json")


if __name__ == "__main__":
    main()
