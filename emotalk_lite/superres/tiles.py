"""Frames through a super-resolution network: in batches and tile by tile, so that memory stays bounded."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial

import numpy as np
import torch
from einops import rearrange
from torch import Tensor, nn
from tqdm import tqdm

from ..models.rrdb import SCALE, RRDBNet
from .steady import steadied

BATCH = 4 * 128 * 128  # input pixels at once: 4 frames of 128 x 128, or one larger frame
TILE, OVERLAP = 512, 56  # input pixels, for a network whose result depends on pixels at most 56 away
# RRDBNet sees about 350 pixels in each direction. With Real-ESRGAN's weights, what is cut off beyond 64
# pixels changes the result by up to 7e-4 of its range, beyond 80 by 6e-5, beyond 96 by 2e-6.
RRDB_TILE, RRDB_OVERLAP = 512, 96
DRAW_TILE, DRAW_OVERLAP = 128, 4  # its last four convolutions: all of the memory, and they reach 2 pixels


def upscale(frames: np.ndarray, model: nn.Module, *, steady: bool = False, progress: bool = False) -> np.ndarray:
    """Enlarge frames four times in each direction, on the model's device.

    Args:
        frames: uint8 (T, H, W, 3) RGB.
        model: of `load_upscaler`, or any that maps (B, 3, H, W) in [0, 1] to (B, 3, 4H, 4W) and whose result
            depends on pixels at most 56 away.
        steady: the frames are a film, and its still parts shall not shimmer: see `steadied`. Else each is enlarged alone.
        progress: show a bar with the time left.

    Returns:
        uint8 (T, 4H, 4W, 3).

    >>> from .weights import load_upscaler
    >>> upscale(np.zeros((2, 6, 5, 3), np.uint8), load_upscaler("bicubic")).shape
    (2, 24, 20, 3)
    """
    n, height, width, _ = frames.shape
    enlarged = np.empty((n, SCALE * height, SCALE * width, 3), np.uint8)
    for i, frame in enumerate(upscaled(frames, model, steady=steady, total=n, progress=progress)):
        enlarged[i] = frame
    return enlarged


def upscaled(
    frames: Iterable[np.ndarray], model: nn.Module, *, steady: bool = False, total: int | None = None, progress: bool = False
) -> Iterator[np.ndarray]:
    """As `upscale`, but frames come and go one by one: a long film is never in memory as a whole.

    Args:
        frames: each uint8 (H, W, 3), all of one size.
        model, steady: see `upscale`.
        total: how many there will be, for the time left.
        progress: show a bar, of frames, which RRDBNet moves on block by block; of tiles where a single large frame is all, none where that is a single tile.

    Returns:
        An iterator of uint8 (4H, 4W, 3).
    """
    slow = isinstance(model, RRDBNet)
    single, n_tiles = total == 1 and not slow, 0
    if single:
        first = list(itertools.islice(frames := iter(frames), 1))
        n_tiles = sum(len(tile_grid(*frame.shape[:2], TILE)) for frame in first)
        frames = itertools.chain(first, frames)
    form = "{l_bar}{bar}| {n:.1f}/{total_fmt} [{elapsed}<{remaining}, {rate_fmt}]" if slow else None
    with (
        tqdm(total=total, desc="upscale", unit="frame", bar_format=form, disable=not progress or single) as bar,
        tqdm(total=n_tiles, desc="upscale", unit="tile", disable=not progress or n_tiles < 2) as tiles,
    ):
        parts = bar if slow else tiles
        pairs = (pair for batch in batches(frames, batch_pixels(model)) for pair in zip(batch, enlarge(batch, model, parts), strict=True))
        for frame in steadied(pairs) if steady else (large for _, large in pairs):
            yield frame
            if not slow:
                bar.update()


def batch_pixels(model: nn.Module) -> int:
    """`BATCH`; one pixel, so one frame, where a frame takes seconds: the bar, and Ctrl-C, wait for a batch.

    >>> batch_pixels(nn.Identity()) == BATCH, batch_pixels(RRDBNet(channels=8, blocks=1, growth=4))
    (True, 1)
    """
    return 1 if isinstance(model, RRDBNet) and next(model.parameters()).device.type == "cpu" else BATCH


def batches(frames: Iterable[np.ndarray], pixels: int) -> Iterator[np.ndarray]:
    """Frames (H, W, 3) in stacks (B, H, W, 3) of at most so many pixels, at least one frame.

    >>> [len(stack) for stack in batches(np.zeros((9, 128, 128, 3), np.uint8), BATCH)]
    [4, 4, 1]
    """
    stack: list[np.ndarray] = []
    for frame in frames:
        stack.append(frame)
        if (len(stack) + 1) * frame.shape[0] * frame.shape[1] > pixels:
            yield np.stack(stack)
            stack = []
    if stack:
        yield np.stack(stack)


@torch.inference_mode()
def enlarge(frames: np.ndarray, model: nn.Module, bar: tqdm | None = None) -> np.ndarray:
    """One batch through the model: uint8 (B, H, W, 3) to uint8 (B, 4H, 4W, 3).

    A bar is moved on by tiles; by RRDBNet, where a frame takes seconds, block by block, by B in all.
    """
    device = next(model.parameters(), torch.empty(0)).device
    x = rearrange(torch.from_numpy(frames).to(device), "b h w c -> b c h w").float() / 255
    if isinstance(model, RRDBNet):
        features = partial(tiled, model.features, tile=RRDB_TILE, overlap=RRDB_OVERLAP, scale=1)
        draw = partial(tiled, model.draw, tile=DRAW_TILE, overlap=DRAW_OVERLAP)
        with by_block(model, bar, len(frames) / len(tile_grid(*x.shape[-2:], RRDB_TILE))):
            y = model.compose(x, features, draw)
    else:
        y = tiled(model, x, bar=bar)
    return rearrange(y.clamp_(0, 1).mul_(255).round_().byte(), "b c h w -> b h w c").cpu().numpy()


@contextmanager
def by_block(model: RRDBNet, bar: tqdm | None, amount: float) -> Iterator[None]:
    """Move a bar on while the network works, by so much each time that its blocks have all been passed.

    >>> import io
    >>> model, bar = RRDBNet(channels=8, blocks=4, growth=4), tqdm(total=1, file=io.StringIO())
    >>> with by_block(model, bar, 1):
    ...     y = model(torch.zeros(1, 3, 6, 5))
    >>> bar.n
    1.0
    """

    def move(*_: object) -> None:  # what a hook returns would take the place of the block's result
        bar.update(amount / len(model.RRDB_trunk))

    hooks = [block.register_forward_hook(move) for block in model.RRDB_trunk if bar is not None]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


def tiled(
    function: Callable[[Tensor], Tensor],
    x: Tensor,
    tile: int = TILE,
    overlap: int = OVERLAP,
    scale: int = SCALE,
    bar: tqdm | None = None,
) -> Tensor:
    """The function's result, computed tile by tile.

    A tile is seen with `overlap` pixels around it and gives only its own, so whatever depends on pixels that are at
    most as far away is exact.

    Args:
        function: (B, C, H, W) to (B, D, scale * H, scale * W).
        x: (B, C, H, W).
        tile: pixels in each direction; a large one takes memory, a small one time.
        overlap: pixels on each side.
        scale: of the function.
        bar: moved on by one a tile.

    Returns:
        (B, D, scale * H, scale * W).

    >>> bicubic = lambda x: torch.nn.functional.interpolate(x, scale_factor=4, mode="bicubic")
    >>> x = torch.rand(1, 3, 9, 14)
    >>> torch.allclose(tiled(bicubic, x, tile=5, overlap=3), bicubic(x), atol=1e-5)
    True
    """
    height, width = x.shape[-2:]
    grid = tile_grid(height, width, tile)
    if bar is not None:
        bar.reset(len(grid))
    if len(grid) == 1:  # nothing to put together
        out = function(x)
        if bar is not None:
            bar.update()
        return out
    out = None
    for top, left in grid:
        above, before = min(top, overlap), min(left, overlap)
        seen = x[..., top - above : top + tile + overlap, left - before : left + tile + overlap]
        drawn = function(seen)
        if out is None:
            out = drawn.new_empty(*drawn.shape[:2], scale * height, scale * width)
        own = out[..., scale * top : scale * (top + tile), scale * left : scale * (left + tile)]
        inner = drawn[..., scale * above :, scale * before :]
        own.copy_(inner[..., : own.shape[-2], : own.shape[-1]])
        if bar is not None:
            bar.update()
    return out


def tile_grid(height: int, width: int, tile: int) -> list[tuple[int, int]]:
    """Top and left of every tile.

    >>> tile_grid(5, 9, 4)
    [(0, 0), (0, 4), (0, 8), (4, 0), (4, 4), (4, 8)]
    """
    return [(top, left) for top in range(0, height, tile) for left in range(0, width, tile)]
