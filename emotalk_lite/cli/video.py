"""The commands that make videos, or what makes them: talk, upscale, convert."""

from __future__ import annotations

from contextlib import closing, nullcontext
from pathlib import Path
from typing import Annotated

import typer

from ..emotions import parse_emotion
from ..errors import EmotalkError
from ..paths import check_readable, check_writable
from .app import Device, Seed, app


@app.command()
def talk(
    image: Annotated[Path, typer.Option(help="Picture of one face: PNG, JPEG, WebP, ...")],
    audio: Annotated[Path, typer.Option(help="Speech: any audio or video file.")],
    emotion: Annotated[str, typer.Option(help="happiness, HAP, happy; happiness:0.6; happiness:0.7,sadness:0.3.")],
    out: Annotated[Path, typer.Option(help="The MP4 file to write.")],
    checkpoint: Annotated[Path | None, typer.Option(help="A run of 'emotalk train', or a file such as its best.safetensors; default: the one that comes with the package.")] = None,
    upscale: Annotated[str, typer.Option(help="Four times as many pixels each way: none, fast, bicubic, or (more than a second a frame) realesrgan, bsrgan.")] = "none",
    upscale_weights: Annotated[Path | None, typer.Option(help="BSRGAN.pth or weights like it, for --upscale; default: shipped, or fetched once.")] = None,
    label: Annotated[bool, typer.Option("--label", help='Write "generated" into a corner of every frame.')] = False,
    seed: Seed = 0,
    device: Device = "auto",
) -> None:
    """Make a face speak; the video has the recording's own sound, and says in its comment that it is generated.

    \b
    Examples:
      emotalk talk --image face.jpg --audio speech.wav --emotion happiness --out talk.mp4
      emotalk talk --image face.jpg --audio speech.wav --emotion happiness:0.7,sadness:0.3 --upscale fast --label --out talk.mp4
    """
    weights = parse_emotion(emotion)
    check_writable(out)
    for given in (image, audio):  # what takes no time is checked first
        check_readable(given)
        if out.exists() and given.samefile(out):
            raise EmotalkError(f"cannot write {out}: it is one of the inputs; give another --out")
    if out.suffix.lower() != ".mp4":
        raise EmotalkError(f"cannot write {out}: the video is an MP4 file; give a name that ends in .mp4")
    if upscale_weights is not None and upscale == "none":
        raise EmotalkError(f"nothing would be enlarged with {upscale_weights}; add --upscale bsrgan")
    from ..clip import add_label
    from ..data.media import write_video
    from ..devices import pick_device
    from ..generate import SHIPPED
    from ..generate import talk as make_clip
    from ..models.rrdb import SCALE
    from ..superres import load_upscaler
    from ..superres.tiles import upscaled

    checkpoint = checkpoint if checkpoint is not None else SHIPPED
    upscaler = None if upscale == "none" else load_upscaler(upscale, upscale_weights, pick_device(device))
    clip = make_clip(image, audio, weights, checkpoint=checkpoint, seed=seed, device=device)
    n, height, width, _ = clip.frames.shape
    drawn = nullcontext(clip.frames)
    if upscaler is not None:  # frame by frame: enlarged, a long film would fill the memory
        height, width = SCALE * height, SCALE * width
        drawn = closing(upscaled(clip.frames, upscaler, steady=True, total=n, progress=True))
    with drawn as frames:  # closed, its bar is, before anything else is said
        shown = map(add_label, frames) if label else frames  # after enlarging: the letters stay sharp
        write_video(out, shown, clip.fps, clip.audio, clip.sample_rate, comment=clip.comment)
    print(f"{out}: {n} frames of {width} x {height}, {clip.duration:.2f} s, seed {seed}, checkpoint {checkpoint}")


@app.command()
def upscale(
    source: Annotated[Path, typer.Argument(metavar="IN", help="A picture or a video.")],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="A .png or .jpg for a picture, an .mp4 or .mkv for a video.")],
    model: Annotated[str, typer.Option(help="fast (a laptop's), realesrgan or bsrgan (more than a second a frame), bicubic.")] = "fast",
    weights: Annotated[Path | None, typer.Option(help="BSRGAN.pth or weights like it; default: shipped, or fetched once.")] = None,
    device: Device = "auto",
) -> None:
    """Enlarge a picture or a video four times each way.

    The sound stays as it is, bit for bit.

    \b
    Examples:
      emotalk upscale talk.mp4 large.mp4
      emotalk upscale face.png large.png --model realesrgan
      emotalk upscale talk.mp4 large.mp4 --model bsrgan --weights BSRGAN.pth
    """
    check_readable(source)  # what takes no time is checked first
    from ..devices import pick_device
    from ..superres import load_upscaler, upscale_file
    from ..superres.files import check_names

    check_names(source, out)
    print(f"{out}: {upscale_file(source, out, load_upscaler(model, weights, pick_device(device)))}, {model}")


@app.command()
def convert(
    checkpoint: Annotated[Path, typer.Argument(metavar="IN.pt", help="generator.pt of the base paper's release.")],
    out: Annotated[Path, typer.Argument(metavar="OUT.safetensors", help="What 'emotalk talk --checkpoint' reads.")],
) -> None:
    """Turn the base paper's released checkpoint into one of ours.

    It draws the same frames from the same noise, where the released code pads speech with zeros: by itself it pads with noise, new at every call.

    \b
    Example:
      emotalk convert generator.pt reference.safetensors
    """
    check_readable(checkpoint, "give the generator.pt of the base paper's release")
    from ..convert import convert as convert_checkpoint

    generator = convert_checkpoint(checkpoint, out)
    print(f"{out}: {sum(p.numel() for p in generator.parameters()):,} parameters")
