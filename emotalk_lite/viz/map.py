"""The generator's map, with the sizes of the configuration at hand and the chapter's part lit."""

from __future__ import annotations

from collections.abc import Collection

from IPython.display import HTML

from ..models.emotion import N_EMOTIONS
from ..presets import SAMPLES_PER_FRAME, ModelConfig

PARTS = ("image", "speech", "emotion", "noise", "decoder")
# the page's colours, which follow its theme; the second value is for a notebook outside of the book
COLOURS = {
    "image": "var(--emotalk-face, #b4472f)",
    "speech": "var(--emotalk-sound, #2f6f96)",
    "emotion": "var(--emotalk-feeling, #6f4a8e)",
    "noise": "var(--emotalk-noise, #5f6672)",
    "decoder": "var(--emotalk-face, #b4472f)",
}
ROW, TOP = 62, 44  # pixels: distance of the encoders, centre of the first
DIM = 0.55  # opacity of what is not lit: faint, and still to be read
LINE = 'fill="none" stroke="currentColor" stroke-width="1.7"'


def model_map(config: ModelConfig, lit: Collection[str] = PARTS) -> HTML:
    """A drawing of the generator: what goes in, what each part makes of it, what comes out. T counts frames.

    Args:
        config: where the sizes come from.
        lit: the parts that the chapter is about, of :data:`PARTS`; the others are drawn pale.

    >>> "30" in model_map(ModelConfig(speech_dim=30)).data
    True
    """
    inputs = {
        "image": ("face", f"3 × {config.image_size} × {config.image_size}", config.image_dim),
        "speech": ("speech", f"{SAMPLES_PER_FRAME} T samples", config.speech_dim),
        "emotion": ("emotion", f"{N_EMOTIONS} weights", config.emotion_dim),
        "noise": ("noise", f"T × {config.noise_dim}", config.noise_dim),
    }
    middle = TOP + 1.5 * ROW
    shapes = [_encoder(name, TOP + ROW * i, middle, *inputs[name], name in lit) for i, name in enumerate(inputs)]
    size, at = config.image_size, middle
    shapes.append(
        _group("decoder", "decoder" in lit)
        + f'<path d="M150 26 V14 H532 V{at - 42}" {LINE} stroke-dasharray="5 4"/>{_text(340, 10, "skip connections", small=True)}'
        f'<path d="M528 {at - 42} l8 0 l-4 7 z" fill="currentColor"/>'
        f'<rect x="398" y="{at - 52}" width="44" height="104" rx="6" {LINE}/>'
        f"{_text(420, at - 4, str(config.fusion_dim))}{_text(420, at + 14, '× T', small=True)}{_arrow(442, 482, at)}"
        f'<path d="M484 {at - 20} L580 {at - 44} V{at + 44} L484 {at + 20} Z" {LINE}/>'
        f"{_text(533, at + 1, 'decoder')}{_text(533, at + 62, f'4 to {size} pixels', small=True)}{_arrow(580, 616, at)}"
        f"{_text(668, at - 2, 'video')}{_text(668, at + 16, f'T × 3 × {size} × {size}', small=True)}</g>"
    )
    said = "Map of the generator: " + "; ".join(f"{what[0]}, {what[1]}, becomes {what[2]} numbers" for what in inputs.values())
    said += f"; {config.fusion_dim} numbers a frame go to the decoder, which draws {size} by {size} pixels. Lit: {', '.join(lit)}."
    box = f'viewBox="0 0 740 {TOP + 3.6 * ROW}" width="740" style="max-width: 100%; height: auto"'
    return HTML(f'<svg {box} role="img" aria-label="{said}">{"".join(shapes)}</svg>')


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
