"""Train SyncNet and put it into the package: python tools/train_syncnet.py SYNTHETIC_FOLDER [--steps N] [--hold-out EMOTION,...] [--out FILE]

The synthetic folder is what `emotalk synth` wrote. Its training actors and four of the six sample clips (as many
pseudo-identities) are learned from; on its other actors and on the two clips left, the result is measured. Then bring
the card up to date.
"""

import argparse
import json
import math
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from einops import rearrange
from safetensors.torch import save_file
from torch import Tensor, nn
from tqdm import tqdm

import emotalk_lite as et
from emotalk_lite.data.clips import Manifest, PreparedClip, load_clip
from emotalk_lite.data.collection import shift_voice
from emotalk_lite.data.identities import PseudoIdentity, stabilise
from emotalk_lite.data.windows import to_signed, to_uint8
from emotalk_lite.metrics.sync import HELD_OUT, SHIPPED, lip_sync
from emotalk_lite.models.syncnet import CROP, MELS, SyncNet, log_mel, mouth_crops, mouth_windows, sound_windows
from emotalk_lite.paths import atomic_path

MARGIN = 8  # pixels around a crop, into which it may be shifted
STRIDE = 3  # frames between two windows of a clip that are told apart
CLIPS = 16  # a step
REAL_SHARE = 0.3  # of the clips in a step
PSEUDO = 12  # pseudo-identities of a real clip
RATE = 2e-3  # of learning
SEMITONES = (-4, -2, 0, 2, 4)


def remember(clip: PreparedClip, speech: np.ndarray | None = None) -> tuple[Tensor, Tensor]:
    """What training needs of a clip: its mouths with a margin, uint8 (T, 64, 64), and its speech (320 T,)."""
    mouths = (mouth_crops(clip.frames, MARGIN) * 255).round().byte()
    return mouths, torch.from_numpy(clip.audio if speech is None else speech)


def pseudo_identities(clip: PreparedClip, rng: np.random.Generator) -> list[tuple[Tensor, Tensor]]:
    """A real clip as many people: other faces and other voices, still or with its own head motion."""
    voices = [shift_voice(clip.audio, semitones) for semitones in SEMITONES]
    versions = (clip, stabilise(clip))
    found = []
    for k in range(PSEUDO):
        frames = to_uint8(PseudoIdentity.draw(rng).apply(to_signed(versions[k % 2].frames)))
        found.append(remember(PreparedClip(**{**vars(clip), "frames": frames}), voices[k % len(voices)]))
    return found


def augment_mouths(mouths: Tensor, rng: np.random.Generator) -> Tensor:
    """Another camera and another place in the picture, the same for a whole clip: (T, 48, 48) in [0, 1]."""
    angle, scale = rng.normal(0, 0.04), math.exp(rng.normal(0, 0.06))
    shift = rng.normal(0, 2.0, 2) * 2 / CROP
    mirror = rng.choice((-1, 1))
    turn = scale * np.array([[math.cos(angle) * mirror, -math.sin(angle)], [math.sin(angle) * mirror, math.cos(angle)]])
    side = CROP + 2 * MARGIN
    theta = torch.tensor(np.column_stack([turn * CROP / side, shift * CROP / side]), dtype=torch.float32)
    grid = F.affine_grid(theta[None], [1, 1, CROP, CROP], align_corners=False)
    x = F.grid_sample(rearrange(mouths.float() / 255, "t h w -> 1 t h w"), grid, padding_mode="border", align_corners=False)[0]
    x = (x.clamp(1e-3, 1) ** math.exp(rng.normal(0, 0.25)) - 0.5) * math.exp(rng.normal(0, 0.25)) + 0.5 + rng.normal(0, 0.08)
    if rng.random() < 0.4:
        x = F.avg_pool2d(x[None], 3, 1, 1, count_include_pad=False)[0]  # a soft picture
    return x + rng.uniform(0, 0.03) * torch.randn(x.shape)


def augment_sound(speech: Tensor, rng: np.random.Generator) -> Tensor:
    """Another room and microphone: noise and a smooth change of the spectrum, (40, 4 T)."""
    noisy = speech + 10 ** rng.uniform(-3.5, -1.3) * torch.randn(speech.shape)
    bands = np.interp(np.arange(MELS), np.linspace(0, MELS - 1, 6), rng.normal(0, 0.15, 6))
    return (log_mel(noisy) + torch.tensor(bands, dtype=torch.float32)[:, None]).clamp(-1, 1.2)


def batch(clips: list[tuple[Tensor, Tensor]], rng: np.random.Generator) -> tuple[Tensor, Tensor, list[int]]:
    """Windows of a few clips, every third of each, and how many each clip gave."""
    mouths, sounds, counts = [], [], []
    for crops, speech in clips:
        seen, heard = mouth_windows(augment_mouths(crops, rng)), sound_windows(augment_sound(speech, rng))
        first = int(rng.integers(STRIDE))
        mouths.append(seen[first::STRIDE])
        sounds.append(heard[first::STRIDE])
        counts.append(len(mouths[-1]))
    return torch.cat(mouths), torch.cat(sounds), counts


def contrast(seen: Tensor, heard: Tensor, counts: list[int], scale: Tensor) -> Tensor:
    """InfoNCE within each clip: of all its sounds, which one belongs to this mouth, and the reverse.

    Only the clip's own windows compete: what tells clips apart (the speaker) must not help.
    """
    losses = []
    for a, b in zip(seen.split(counts), heard.split(counts)):
        logits, right = scale.exp() * a @ b.T, torch.arange(len(a))
        losses.append((F.cross_entropy(logits, right) + F.cross_entropy(logits.T, right)) / 2)
    return torch.stack(losses).mean()


def measure(network: SyncNet, clips: list[PreparedClip]) -> dict[str, float]:
    """Of clips: how often the best shift is right within a frame, and the two distances."""
    found = [lip_sync(clip.frames, clip.audio, network) for clip in clips]
    return {
        "clips": len(clips),
        "offset within 1 frame": float(np.mean([abs(f.offset) <= 1 for f in found])),
        "distance": float(np.mean([f.distance for f in found])),
        "confidence": float(np.mean([f.confidence for f in found])),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("synthetic", type=Path)
    parser.add_argument("--steps", type=int, default=900)
    parser.add_argument("--hold-out", default=",".join(HELD_OUT), help="sample clips not to learn from; 'all' for painted actors alone")
    parser.add_argument("--out", type=Path, default=SHIPPED)
    args = parser.parse_args()
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    manifest, sample = Manifest.load(args.synthetic), et.sample(progress=False)
    painted = [remember(load_clip(manifest.path(e))) for e in tqdm(manifest.clips, desc="reading") if e.split == "train"]
    unseen = [load_clip(manifest.path(e)) for e in manifest.clips if e.split != "train"]
    films = [load_clip(sample.path(e)) for e in sample.clips]
    learned = [c for c in films if args.hold_out != "all" and c.emotion not in args.hold_out.split(",")]
    real = [version for clip in learned for version in pseudo_identities(clip, rng)]

    network, scale = SyncNet(), nn.Parameter(torch.tensor(math.log(10.0)))
    print(f"{sum(p.numel() for p in network.parameters()):,} parameters; {len(painted)} painted clips, {len(real)} of real ones")
    optimizer = torch.optim.AdamW([*network.parameters(), scale], lr=RATE, weight_decay=1e-2)
    began, losses = time.monotonic(), []
    for step in range(args.steps):
        for group in optimizer.param_groups:  # up in 50 steps, then down along a cosine
            group["lr"] = RATE * min(1, (step + 1) / 50) * math.cos(0.5 * math.pi * step / args.steps)
        several = [(real if real and rng.random() < REAL_SHARE else painted) for _ in range(CLIPS)]
        mouths, sounds, counts = batch([some[rng.integers(len(some))] for some in several], rng)
        loss = contrast(network.train().see(mouths), network.hear(sounds), counts, scale)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
        if (step + 1) % 100 == 0:
            some = measure(network.eval(), unseen[::6])
            print(step + 1, f"{time.monotonic() - began:.0f} s", f"loss {np.mean(losses[-100:]):.3f}", some, flush=True)
    network.eval()
    said = {
        "steps": args.steps,
        "minutes": round((time.monotonic() - began) / 60, 1),
        "learned": {"painted clips": len(painted), "real clips": [c.name for c in learned]},
        "unseen painted actors": measure(network, unseen),
        "real clips not learned": measure(network, [c for c in films if c.name not in {one.name for one in learned}]),
    }
    if learned:
        said["real clips learned"] = measure(network, learned)
    with atomic_path(args.out) as temporary:
        save_file(network.state_dict(), temporary, {"about": json.dumps(said)})
    print(args.out, json.dumps(said, indent=1))


if __name__ == "__main__":
    main()
