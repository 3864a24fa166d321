"""The network's map, with the sizes of a live run and the chapter's part lit."""

from __future__ import annotations

from collections.abc import Collection

import torch
from IPython.display import HTML

from ..models.compact import CompactUpscaler
from ..models.critics import EmotionCritic, FrameCritic
from ..models.emotion import N_EMOTIONS
from ..models.generator import Generator
from ..presets import SAMPLES_PER_FRAME, ModelConfig
from .shapes import group, record_shapes, sizes

GENERATOR = ("image", "speech", "emotion", "noise", "decoder")
PARTS = (*GENERATOR, "super-resolution", "critics")
# the page's colours, which follow its theme; the second value is for a notebook outside of the book
COLOURS = {
    "image": "var(--emotalk-face, #b4472f)",
    "speech": "var(--emotalk-sound, #2f6f96)",
    "emotion": "var(--emotalk-feeling, #6f4a8e)",
    "noise": "var(--emotalk-noise, #5f6672)",
    "decoder": "var(--emotalk-face, #b4472f)",
    "super-resolution": "var(--emotalk-sound, #2f6f96)",
    "critics": "var(--emotalk-feeling, #6f4a8e)",
}
N_FRAMES = 2  # of the run that the sizes are read off
WIDTH, HEIGHT = 760, 270
ROW, TOP = 62, 44  # pixels: distance of the encoders, centre of the first
MIDDLE = TOP + 1.5 * ROW  # of the encoders, where the decoder is
VIDEO = 688  # centre of the last column
LINE = 'fill="none" stroke="currentColor"'


def model_map(generator: Generator | ModelConfig, lit: Collection[str] = GENERATOR) -> HTML:
    """A drawing of the generator and of what its video meets: what goes in, what each part makes of it. T counts frames.

    Every size is read off a run with hooks on the parts.

    Args:
        generator: any, or the configuration of one that there is not yet.
        lit: the parts that the chapter is about, of :data:`PARTS`; the others are drawn thin and grey.

    >>> "30" in model_map(ModelConfig(speech_dim=30)).data
    True
    """
    config = generator if isinstance(generator, ModelConfig) else generator.config
    seen = run_shapes(generator) | shapes_after(config)
    inputs = {
        "image": ("face", sizes(seen["face"]), seen["image"][-1]),
        "speech": ("speech", f"{seen['samples'][0] // N_FRAMES} T samples", seen["speech"][-1]),
        "emotion": ("emotion", f"{seen['weights'][0]} weights", seen["emotion"][-1]),
        "noise": ("noise", f"T × {seen['random'][-1]}", seen["noise"][-1]),
    }
    fusion, smallest, video = seen["fusion"][-1], seen["smallest"][-1], seen["video"][1:]
    large, verdicts = f"T × {sizes(seen['large'])}", f"1 a frame; {seen['verdict'][-1]} a clip"
    beside = {"drawn": "", "composite": "over the face", "warp": "bends the face"}[config.output]
    drawn = [
        *(_encoder(name, TOP + ROW * i, *inputs[name], name in lit) for i, name in enumerate(inputs)),
        _decoder(fusion, f"{smallest} to {video[-1]} pixels", f"T × {sizes(video)}", beside, "decoder" in lit),
        _after("super-resolution", "super-resolution", large, 22, MIDDLE - 26, 72, "super-resolution" in lit),
        _after("critics", "two critics", verdicts, 204, MIDDLE + 28, 200, "critics" in lit),
    ]
    said = "Map of the generator: " + "; ".join(f"{what[0]}, {what[1]}, becomes {what[2]} numbers" for what in inputs.values())
    said += f"; {fusion} numbers a frame go to the decoder, which draws {video[-2]} by {video[-1]} pixels"
    said += f" and {beside}" if beside else ""
    said += f". Of the video, super-resolution makes {large}, and two critics judge it: {verdicts}. Lit: {', '.join(lit)}."
    box = f'viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" style="max-width: 100%; height: auto"'
    return HTML(f'<svg {box} role="img" aria-label="{said}">{"".join(drawn)}</svg>')


def run_shapes(generator: Generator | ModelConfig) -> dict[str, tuple[int, ...]]:
    """What goes into each part of a generator and what comes out, in a run of :data:`N_FRAMES` frames, the batch's axis left out.

    Of a configuration, the generator is made on PyTorch's meta device, where shapes cost nothing.

    >>> shapes = run_shapes(ModelConfig())
    >>> shapes["face"], shapes["fusion"], shapes["video"]
    ((3, 128, 128), (2, 1664), (2, 3, 128, 128))
    """
    if isinstance(generator, ModelConfig):
        with torch.device("meta"):
            generator = Generator(generator)
    config = generator.config
    into = {"image": "face", "speech": "samples", "emotion": "weights", "noise": "random"}
    steps = {f">{part}_encoder": what for part, what in into.items()} | {f"{part}_encoder": part for part in into}
    steps |= {">decoder": "fusion", ">decoder.blocks.0": "smallest", "decoder": "video"}
    with next(generator.parameters()).device:
        face = torch.zeros(1, 3, config.image_size, config.image_size)
        speech, noise = torch.zeros(1, N_FRAMES * SAMPLES_PER_FRAME), torch.zeros(1, N_FRAMES, config.noise_dim)
        return record_shapes(generator, (face, speech, torch.zeros(1, N_EMOTIONS), noise), steps)


def shapes_after(config: ModelConfig) -> dict[str, tuple[int, ...]]:
    """What super-resolution makes of a frame, and how many numbers each critic gives.

    >>> shapes_after(ModelConfig())
    {'scores': (2,), 'verdict': (7,), 'large': (3, 512, 512)}
    """
    with torch.device("meta"):
        frames = torch.empty(1, N_FRAMES, 3, config.image_size, config.image_size)
        given = {"scores": FrameCritic(config)(frames, frames[:, 0]), "verdict": EmotionCritic(config)(frames), "large": CompactUpscaler()(frames[0])}
    return {name: tuple(result.shape[1:]) for name, result in given.items()}


def _encoder(name: str, y: float, label: str, size: str, dim: int, lit: bool) -> str:
    """One row: the input, its encoder, and the embedding's way to the fusion."""
    return (
        f"{group(COLOURS[name], lit)}{_text(50, y - 2, label)}{_text(50, y + 15, size, small=True)}{_arrow(104, 138, y)}"
        f'<rect x="140" y="{y - 18}" width="160" height="36" rx="7" {LINE}/>{_text(220, y + 5, f"{name} encoder")}'
        f'<path d="M300 {y} H344 L398 {y + 0.45 * (MIDDLE - y)}" {LINE}/>{_text(322, y - 6, dim, small=True)}</g>'
    )


def _decoder(fusion: int, pixels: str, video: str, beside: str, lit: bool) -> str:
    """The fusion, the decoder with its skips, and the video; `beside`: what else becomes of the input face."""
    to_video = _arrow(568, 598, MIDDLE) + _face_road(beside) + _arrow(614, 632, MIDDLE) if beside else _arrow(568, 632, MIDDLE)
    return (
        f'{group(COLOURS["decoder"], lit)}<path d="M150 26 V20 H532 V{MIDDLE - 42}" {LINE} stroke-dasharray="5 4"/>'
        f"{_tip(532, MIDDLE - 35)}{_text(450, 36, 'skip connections', small=True)}"
        f'<rect x="398" y="{MIDDLE - 52}" width="44" height="104" rx="6" {LINE}/>'
        f"{_text(420, MIDDLE - 4, fusion)}{_text(420, MIDDLE + 14, '× T', small=True)}{_arrow(442, 482, MIDDLE)}"
        f'<path d="M484 {MIDDLE - 20} L568 {MIDDLE - 44} V{MIDDLE + 44} L484 {MIDDLE + 20} Z" {LINE}/>'
        f"{_text(526, MIDDLE + 5, 'decoder')}{_text(526, MIDDLE + 62, pixels, small=True)}{to_video}"
        f"{_text(VIDEO, MIDDLE - 4, 'video')}{_text(VIDEO, MIDDLE + 14, video, small=True)}</g>"
    )


def _face_road(what: str) -> str:
    """The input face's own way to the video, where the decoder's drawing is only laid over it or bends it."""
    verb, rest = what.split(" ", 1)
    return (
        f'<path d="M50 26 V8 H606 V{MIDDLE - 16}" {LINE} stroke-dasharray="2 4"/>{_tip(606, MIDDLE - 9)}'
        f'<circle cx="606" cy="{MIDDLE}" r="8" {LINE}/>{_text(606, MIDDLE + 26, verb, small=True)}{_text(606, MIDDLE + 40, rest, small=True)}'
    )


def _after(part: str, label: str, size: str, top: float, start: float, end: float, lit: bool) -> str:
    """A box above or below the video, and the arrow to it."""
    down = end > start
    return (
        f'{group(COLOURS[part], lit)}<rect x="{VIDEO - 68}" y="{top}" width="136" height="44" rx="7" {LINE}/>'
        f"{_text(VIDEO, top + 18, label)}{_text(VIDEO, top + 35, size, small=True)}"
        f'<path d="M{VIDEO} {start} V{end - 3 if down else end + 3}" {LINE}/>{_tip(VIDEO, end + 3 if down else end - 3, down)}</g>'
    )


def _text(x: float, y: float, words: object, small: bool = False) -> str:
    return f'<text x="{x}" y="{y}" text-anchor="middle" fill="currentColor" font-size="{12 if small else 14}">{words}</text>'


def _arrow(start: float, end: float, y: float) -> str:
    head = f'<path d="M{end - 7} {y - 4} l7 4 l-7 4 z" fill="currentColor"/>'
    return f'<path d="M{start} {y} H{end - 7}" {LINE}/>{head}'


def _tip(x: float, y: float, down: bool = True) -> str:
    """The head of an arrow that ends at (x, y)."""
    back = -7 if down else 7
    return f'<path d="M{x} {y} l-4 {back} h8 z" fill="currentColor"/>'
