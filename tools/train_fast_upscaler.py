"""Distil Real-ESRGAN into the fast upscaler and put it into the package: python tools/train_fast_upscaler.py FOLDER

FOLDER keeps the teacher's pictures (some minutes, once) and the state of the training, which goes on where it was stopped.
First the mean absolute error to the teacher alone, then the distance of EfficientNet-Lite0's features with it. What is
shipped is the mean of the last weights. Then bring its card up to date, and run benchmarks/superres.py.
"""

import argparse
import time
from copy import deepcopy
from pathlib import Path

import torch
import torch.nn.functional as F
from fast_upscaler_corpus import CROP, cached
from safetensors.torch import load_file, save_file
from torch import Tensor
from tqdm import tqdm

from emotalk_lite.devices import pick_device
from emotalk_lite.models.compact import SCALE, CompactUpscaler
from emotalk_lite.models.features import load_features
from emotalk_lite.paths import atomic_path
from emotalk_lite.superres.training import feature_distance
from emotalk_lite.superres.weights import FAST, Bicubic

PART = 24  # pixels of the small pictures that a step sees
MARGIN = 2  # pixels at a crop's edge, where the teacher saw the border
WARM_UP = 200  # steps
EMA = 0.999  # share of the old mean in the new one
EVERY = 500  # steps between two states on disk


def draw(pairs: dict[str, Tensor], batch: int, random: torch.Generator) -> tuple[Tensor, Tensor]:
    """Small (B, 3, 24, 24) and large (B, 3, 96, 96) in [0, 1], where the pairs are.

    Not mirrored: the teacher makes something else of a mirrored picture, about as far from its own as the student is.
    """
    chosen = torch.randint(len(pairs["small"]), (batch,), generator=random)
    corners = MARGIN + torch.randint(CROP - PART - 2 * MARGIN + 1, (2, batch), generator=random)

    def parts(name: str, scale: int) -> Tensor:
        pictures = pairs[name]
        n, top, left = (x.to(pictures.device) for x in (chosen, *(scale * corners)))
        along = torch.arange(scale * PART, device=pictures.device)
        rows, columns = (start[:, None] + along for start in (top, left))  # (B, P) each
        return pictures[n[:, None, None], :, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2) / 255

    return parts("small", 1), parts("large", SCALE)


@torch.inference_mode()
def measure(network, pairs: dict[str, Tensor], features) -> tuple[float, float]:
    """PSNR in decibels and feature distance to the teacher on pictures that were not learned from, means over the pictures."""
    small, large = pairs["test_small"] / 255, pairs["test_large"] / 255
    drawn = torch.cat([network(x[None]) for x in small]).clamp(0, 1)
    decibels = -10 * (drawn - large).square().mean(dim=(1, 2, 3)).log10()
    distances = [feature_distance(a[None], b[None], features) for a, b in zip(drawn, large)]
    return decibels.mean().item(), torch.stack(distances).mean().item()


def main() -> None:
    """Train, measure, ship."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--crops", type=int, default=900, help="small pictures for the teacher")
    parser.add_argument("--steps", type=int, default=8000, help="of the mean absolute error alone")
    parser.add_argument("--feature-steps", type=int, default=2500, help="with the distance of features")
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--rate", type=float, default=1.5e-3)
    parser.add_argument("--feature-weight", type=float, default=0.1)
    parser.add_argument("--blocks", type=int, default=11)
    parser.add_argument("--start", type=Path, help="weights of a network with as many blocks or fewer to begin with")
    parser.add_argument("--device", default="auto", help="auto, cpu or cuda")
    parser.add_argument("--ship", action="store_true", help="put the result into the package")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    device = pick_device(options.device)
    pairs = cached(options.folder / "pairs.safetensors", options.crops, device)
    features = load_features("efficientnet_lite0").to(device)
    torch.manual_seed(0)
    network, random = CompactUpscaler(blocks=options.blocks), torch.Generator().manual_seed(0)
    if options.start:
        network.load_state_dict(load_file(options.start), strict=False)  # further blocks start as nothing
    network.to(device)
    mean = deepcopy(network)
    optimiser = torch.optim.Adam(network.parameters(), options.rate, betas=(0.9, 0.99))
    learning = {"network": network, "mean": mean, "optimiser": optimiser}
    state, done, spent = options.folder / "state.pt", 0, 0.0
    if state.is_file():
        saved = torch.load(state, weights_only=True)
        for name, part in learning.items():
            part.load_state_dict(saved[name])
        done, spent = saved["step"], saved["seconds"]
        random.set_state(saved["random"])
    total, started = options.steps + options.feature_steps, time.perf_counter() - spent
    print("bicubic: {:.2f} dB, feature distance {:.4f}".format(*measure(Bicubic(), pairs, features)))
    bar = tqdm(range(done, total), initial=done, total=total, unit="step", mininterval=20)
    for step in bar:
        late = step >= options.steps
        at, length = (step - options.steps, options.feature_steps) if late else (step, options.steps)
        rate = options.rate * (0.25 if late else 1) * min(1, (step + 1) / WARM_UP)
        optimiser.param_groups[0]["lr"] = rate * 0.5 * (1 + torch.cos(torch.tensor(torch.pi * at / length)).item())
        small, large = draw(pairs, options.batch, random)
        drawn = network(small)
        loss = F.l1_loss(drawn, large)
        if late:
            loss = loss + options.feature_weight * feature_distance(drawn, large, features)
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        with torch.no_grad():
            for average, new in zip(mean.parameters(), network.parameters()):
                average.lerp_(new, 1 - min(EMA, (step + 1) / (step + 10)))
        if (step + 1) % EVERY == 0 or step + 1 == total:
            tqdm.write("step {}: {:.2f} dB, feature distance {:.4f}".format(step + 1, *measure(mean, pairs, features)))
            saved = {name: part.state_dict() for name, part in learning.items()}
            with atomic_path(state) as temporary:
                torch.save(saved | {"step": step + 1, "seconds": time.perf_counter() - started, "random": random.get_state()}, temporary)
    print(f"{total} steps in {(time.perf_counter() - started) / 60:.1f} minutes")
    if options.ship:
        about = "distilled from Real-ESRGAN x4plus; the card beside this file says how"
        with atomic_path(FAST) as temporary:
            save_file({name: tensor.half().contiguous() for name, tensor in mean.state_dict().items()}, temporary, {"about": about})
        print(FAST)


if __name__ == "__main__":
    main()
