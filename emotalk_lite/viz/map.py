"""The generator's map, with the sizes of a live run and the chapter's part lit."""

from __future__ import annotations

from collections.abc import Collection

import torch
from IPython.display import HTML

from ..models.emotion import N_EMOTIONS
from ..models.generator import Generator
from ..presets import SAMPLES_PER_FRAME, ModelConfig
from .shapes import record_shapes, sizes

PARTS = ("image", "speech", "emotion", "noise", "decoder")
# the page's colours, which follow its theme; the second value is for a notebook outside of the book
COLOURS = {
    "image": "var(--emotalk-face, #b4472f)",
    "speech": "var(--emotalk-sound, #2f6f96)",
    "emotion": "var(--emotalk-feeling, #6f4a8e)",
    "noise": "var(--emotalk-noise, #5f6672)",
    "decoder": "var(--emotalk-face, #b4472f)",
}
N_FRAMES = 2  # of the run that the sizes are read off
ROW, TOP = 62, 44  # pixels: distance of the encoders, centre of the first
DIM = 0.55  # opacity of what is not lit: faint, and still to be read
LINE = 'fill="none" stroke="currentColor" stroke-width="1.7"'


def model_map(config: ModelConfig, lit: Collection[str] = PARTS) -> HTML:
    """A drawing of the generator: what goes in, what each part makes of it, what comes out. T counts frames.

    Every size is read off a run of the generator, with hooks on its parts.

    Args:
        config: of the generator.
        lit: the parts that the chapter is about, of :data:`PARTS`; the others are drawn pale.

    >>> "30" in model_map(ModelConfig(speech_dim=30)).data
    True
    """
    seen = run_shapes(config)
    inputs = {
        "image": ("face", sizes(seen["face"]), seen["image"][-1]),
        "speech": ("speech", f"{seen['samples'][0] // N_FRAMES} T samples", seen["speech"][-1]),
        "emotion": ("emotion", f"{seen['weights'][0]} weights", seen["emotion"][-1]),
        "noise": ("noise", f"T × {seen['random'][-1]}", seen["noise"][-1]),
    }
    fusion, smallest, video = seen["fusion"][-1], seen["smallest"][-1], seen["video"][1:]
    at = TOP + 1.5 * ROW
    shapes = [_encoder(name, TOP + ROW * i, at, *inputs[name], name in lit) for i, name in enumerate(inputs)]
    shapes.append(
        _group("decoder", "decoder" in lit)
        + f'<path d="M150 26 V14 H532 V{at - 42}" {LINE} stroke-dasharray="5 4"/>{_text(340, 10, "skip connections", small=True)}'
        f'<path d="M528 {at - 42} l8 0 l-4 7 z" fill="currentColor"/>'
        f'<rect x="398" y="{at - 52}" width="44" height="104" rx="6" {LINE}/>'
        f"{_text(420, at - 4, str(fusion))}{_text(420, at + 14, '× T', small=True)}{_arrow(442, 482, at)}"
        f'<path d="M484 {at - 20} L580 {at - 44} V{at + 44} L484 {at + 20} Z" {LINE}/>'
        f"{_text(533, at + 1, 'decoder')}{_text(533, at + 62, f'{smallest} to {video[-1]} pixels', small=True)}{_arrow(580, 616, at)}"
        f"{_text(668, at - 2, 'video')}{_text(668, at + 16, f'T × {sizes(video)}', small=True)}</g>"
    )
    said = "Map of the generator: " + "; ".join(f"{what[0]}, {what[1]}, becomes {what[2]} numbers" for what in inputs.values())
    said += f"; {fusion} numbers a frame go to the decoder, which draws {video[-2]} by {video[-1]} pixels. Lit: {', '.join(lit)}."
    box = f'viewBox="0 0 740 {TOP + 3.6 * ROW}" width="740" style="max-width: 100%; height: auto"'
    return HTML(f'<svg {box} role="img" aria-label="{said}">{"".join(shapes)}</svg>')


def run_shapes(config: ModelConfig) -> dict[str, tuple[int, ...]]:
    """What goes into each part of the generator and what comes out, in a run of :data:`N_FRAMES` frames.

    PyTorch's meta device computes shapes alone, so the paper's 41 million weights cost nothing.

    >>> shapes = run_shapes(ModelConfig())
    >>> shapes["face"], shapes["fusion"], shapes["video"]
    ((3, 128, 128), (2, 1664), (2, 3, 128, 128))
    """
    steps = {">image_encoder": "face", ">speech_encoder": "samples", ">emotion_encoder": "weights", ">noise_encoder": "random"}
    steps |= {f"{name}_encoder": name for name in PARTS[:-1]}
    steps |= {">decoder": "fusion", ">decoder.blocks.0": "smallest", "decoder": "video"}
    with torch.device("meta"):
        face = torch.empty(1, 3, config.image_size, config.image_size)
        speech, noise = torch.empty(1, N_FRAMES * SAMPLES_PER_FRAME), torch.empty(1, N_FRAMES, config.noise_dim)
        return record_shapes(Generator(config), (face, speech, torch.empty(1, N_EMOTIONS), noise), steps)


def _encoder(name: str, y: float, middle: float, label: str, size: str, dim: int, lit: bool) -> str:
    """One row: the input, its encoder, and the embedding's way to the fusion."""
    return (
        _group(name, lit)
        + f"{_text(50, y - 2, label)}{_text(50, y + 15, size, small=True)}{_arrow(104, 138, y)}"
        f'<rect x="140" y="{y - 18}" width="160" height="36" rx="7" {LINE}/>{_text(220, y + 5, f"{name} encoder")}'
        f'<path d="M300 {y} H344 L398 {y + 0.45 * (middle - y)}" {LINE}/>{_text(322, y - 6, str(dim), small=True)}</g>'
    )


def _group(part: str, lit: bool) -> str:
    return f'<g opacity="{1 if lit else DIM}" style="color: {COLOURS[part]}">'


def _text(x: float, y: float, words: str, small: bool = False) -> str:
    return f'<text x="{x}" y="{y}" text-anchor="middle" fill="currentColor" font-size="{12 if small else 14}">{words}</text>'


def _arrow(start: float, end: float, y: float) -> str:
    head = f'<path d="M{end - 7} {y - 4} l7 4 l-7 4 z" fill="currentColor"/>'
    return f'<path d="M{start} {y} H{end - 7}" {LINE}/>{head}'
