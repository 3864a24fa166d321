"""What the fast upscaler learns from and is measured on: small pictures, and what Real-ESRGAN makes of them.

Small pictures are 64 x 64 crops of five of the six real clips (the happy one is kept for measuring), the same under pseudo-identities,
painted heads, Grace Hopper's portrait (public domain, in matplotlib), five photographs without a face (in scikit-image and
scikit-learn), and films that the shipped generator drew of all of these. About half are made worse a little more.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import matplotlib
import numpy as np
import torch
from einops import rearrange
from PIL import Image
from safetensors.torch import load_file, save_file
from skimage.data import astronaut, chelsea, coffee, rocket
from sklearn.datasets import load_sample_image
from torch import Tensor, nn
from tqdm import tqdm

import emotalk_lite as et
from emotalk_lite.checkpoint import load_generator
from emotalk_lite.data.align import align_face
from emotalk_lite.data.clips import Manifest, load_clip
from emotalk_lite.data.identities import PseudoIdentity
from emotalk_lite.data.synth import synthesise
from emotalk_lite.data.windows import to_signed
from emotalk_lite.emotions import EMOTIONS
from emotalk_lite.generate import SHIPPED, generate
from emotalk_lite.paths import atomic_path
from emotalk_lite.superres import load_upscaler
from emotalk_lite.superres.degradation import blur, gaussian_kernel, gaussian_noise, jpeg

CROP = 64  # pixels of a small picture
HELD_OUT = "happiness"  # the real clip that is never learned from
SECOND = 25 * 320  # samples of speech in 25 frames
SHARES = {"real": 0.2, "changed": 0.2, "painted": 0.1, "hopper": 0.1, "textures": 0.05, "generated": 0.35}


def cached(path: Path, crops: int, device: torch.device, seed: int = 0) -> dict[str, Tensor]:
    """The pairs, from the file if it is there: small, large (uint8, N, 3, H, W) to learn from, test_small, test_large.

    The teacher draws what is learned from in bfloat16, twice as fast where the processor has it; what is measured on in
    single precision.
    """
    if path.is_file():
        return load_file(path, str(device))
    rng = np.random.default_rng(seed)
    small, test = draw_crops(pictures(rng), crops, rng).to(device), held_out().to(device)
    teacher = load_upscaler("realesrgan", device=device)
    pairs = {"small": small, "test_small": test, "test_large": teach(teacher, test)}
    pairs["large"] = teach(teacher.to(torch.bfloat16), small)
    with atomic_path(path) as temporary:
        save_file({name: tensor.contiguous() for name, tensor in pairs.items()}, temporary)
    return pairs


@torch.inference_mode()
def teach(teacher: nn.Module, small: Tensor) -> Tensor:
    """What the teacher makes of uint8 (N, 3, H, W): uint8 (N, 3, 4H, 4W)."""
    kind, batch = next(teacher.parameters()).dtype, 32 if small.is_cuda else 1
    parts = tqdm(small.split(batch), desc=f"teacher, {kind}", unit="picture" if batch == 1 else f"{batch} pictures")
    return torch.cat([to_bytes(teacher((x / 255).to(kind)).float()) for x in parts])


def pictures(rng: np.random.Generator) -> dict[str, list[Tensor]]:
    """Pictures to crop from, each (3, H, W) in [0, 1], by kind."""
    clips = {e.emotion: load_clip(et.sample(progress=False).path(e)) for e in et.sample(progress=False).clips}
    real = [frame for emotion, clip in clips.items() if emotion != HELD_OUT for frame in unit(clip.frames[::3])]
    hopper = np.array(Image.open(Path(matplotlib.get_data_path()) / "sample_data" / "grace_hopper.jpg").convert("RGB"))
    face = align_face(hopper).image
    tall = Image.fromarray(hopper)
    sizes = [unit(np.array(tall.resize((round(tall.width * s), round(tall.height * s)), Image.LANCZOS))) for s in (0.3, 0.4, 0.55)]
    scenes = [chelsea(), coffee(), rocket(), load_sample_image("china.jpg"), load_sample_image("flower.jpg")]
    with tempfile.TemporaryDirectory() as folder:
        manifest = synthesise(folder, actors=12, clips=6, seed=3, workers=1)
        painted = painted_frames(manifest)
    found = {
        "real": real,
        "changed": [PseudoIdentity.draw(rng).apply(2 * real[i][None] - 1)[0] / 2 + 0.5 for i in rng.integers(len(real), size=150)],
        "painted": painted,
        "hopper": [unit(face), *[changed(unit(face), rng) for _ in range(12)], *sizes],
        "textures": [unit(np.array(Image.fromarray(s).reduce(3))) for s in scenes],
    }
    persons = [found[kind][int(rng.integers(len(found[kind])))] for kind in ("real", "changed", "painted") for _ in range(12)]
    persons += found["hopper"][:10]
    return found | {"generated": generated(persons, [clip.audio for clip in clips.values()], rng)}


def painted_frames(manifest: Manifest) -> list[Tensor]:
    """Some frames of each painted actor who is there to learn from."""
    return [f for e in manifest.clips if e.split == "train" for f in unit(load_clip(manifest.path(e)).frames[::15])]


def changed(face: Tensor, rng: np.random.Generator) -> Tensor:
    """A portrait under a pseudo-identity, its own background kept."""
    return PseudoIdentity.draw(rng, strength=0.7).apply(2 * face[None] - 1)[0].clamp(-1, 1) / 2 + 0.5


def generated(persons: list[Tensor], voices: list[np.ndarray], rng: np.random.Generator) -> list[Tensor]:
    """Some frames each of films that the shipped generator draws, of one second and a random emotion."""
    generator = load_generator(SHIPPED, torch.device("cpu"))
    drawn = []
    for person in tqdm(persons, desc="generated", unit="film"):
        voice = voices[int(rng.integers(len(voices)))]
        start = int(rng.integers(max(1, len(voice) - SECOND)))
        condition = np.eye(len(EMOTIONS))[rng.integers(len(EMOTIONS))].tolist()
        frame = rearrange(to_bytes(person), "c h w -> h w c").numpy()
        drawn += list(unit(generate(generator, frame, voice[start : start + SECOND], condition, progress=False)[2::5]))
    return drawn


def draw_crops(found: dict[str, list[Tensor]], crops: int, rng: np.random.Generator) -> Tensor:
    """uint8 (crops, 3, 64, 64): random places, mirrored, in another light, about half of them a little worse."""
    drawn = []
    kinds = rng.choice(list(SHARES), size=crops, p=list(SHARES.values()))
    for kind in kinds:
        x = found[kind][int(rng.integers(len(found[kind])))]
        top, left = (int(rng.integers(side - CROP + 1)) for side in x.shape[-2:])
        x = x[None, :, top : top + CROP, left : left + CROP]
        x = x.flip(-1) if rng.random() < 0.5 else x
        x = (x.clamp(0, 1) ** float(np.exp(rng.normal(0, 0.15))) * torch.tensor(rng.uniform(0.85, 1.1, (3, 1, 1))).float()).clamp(0, 1)
        drawn.append(to_bytes(worse(x, rng))[0])
    return torch.stack(drawn)


def worse(x: Tensor, rng: np.random.Generator) -> Tensor:
    """A little blur, noise and JPEG, each at times: much less than `degrade`, for a generator's frames are clean and soft."""
    if rng.random() < 0.4:
        variance = float(rng.uniform(0.4, 1.2)) ** 2
        x = blur(x, gaussian_kernel(7, (variance, variance)))
    if rng.random() < 0.25:
        x = gaussian_noise(x, float(rng.uniform(0.5, 4)) / 255, "coloured", int(rng.integers(2**31)))
    return jpeg(x.clamp(0, 1), int(rng.integers(70, 96))) if rng.random() < 0.2 else x.clamp(0, 1)


def held_out() -> Tensor:
    """uint8 (7, 3, 128, 128): Eileen Collins, two frames of her film, two of the kept clip, two of a film made of that."""
    sample = et.sample(progress=False)
    clip = load_clip(sample.path(next(e for e in sample.clips if e.emotion == HELD_OUT)))
    face = align_face(astronaut()).image
    generator = load_generator(SHIPPED, torch.device("cpu"))
    films = [generate(generator, f, clip.audio[:SECOND], np.eye(6)[EMOTIONS.index(HELD_OUT)].tolist(), progress=False) for f in (face, clip.frames[0])]
    return to_bytes(unit(np.stack([face, films[0][8], films[0][20], clip.frames[20], clip.frames[40], films[1][8], films[1][20]])))


def unit(frames: np.ndarray) -> Tensor:
    """uint8 (..., H, W, 3) to float (..., 3, H, W) in [0, 1]."""
    return to_signed(frames) / 2 + 0.5


def to_bytes(x: Tensor) -> Tensor:
    """float in [0, 1] to uint8."""
    return (255 * x.clamp(0, 1)).round().byte()


