"""A folder in CREMA-D's shape, made of the real sample: its clips, cut short, under other valid names."""

import shutil
import struct
import subprocess
import sys
from pathlib import Path

from emotalk_lite.data.lfs import POINTER_START
from emotalk_lite.data.media import read_audio, read_video, write_video

ROOT = Path(__file__).resolve().parent.parent
EMOTALK = [sys.executable, "-m", "emotalk_lite"]
SECONDS = 0.6
POINTER = POINTER_START + b"\noid sha256:" + b"ab" * 32 + b"\nsize 265922\n"


def cut_flv(original: Path, seconds: float) -> bytes:
    """The first seconds of an FLV file: its tags (4 bytes of type and size, 4 of milliseconds), and the duration it states."""
    data = original.read_bytes()
    end = 13  # file header
    while data[end] == 18 or int.from_bytes(data[end + 4 : end + 7], "big") < seconds * 1000:  # 18: metadata
        end += 11 + int.from_bytes(data[end + 1 : end + 4], "big") + 4
    place = data.index(b"duration\0") + len(b"duration\0")
    return data[:place] + struct.pack(">d", seconds) + data[place + 8 : end]


def make_raw(originals: Path, folder: Path) -> Path:
    """Actors of all three splits, good files and bad ones, in CREMA-D's own folders and beside them."""
    video, sound = folder / "VideoFlash", folder / "AudioMP3"
    video.mkdir(parents=True)
    sound.mkdir()
    for actor, emotion in (("1001", "ANG"), ("1001", "HAP"), ("1010", "FEA"), ("1085", "SAD")):
        (video / f"{actor}_DFA_{emotion}_XX.flv").write_bytes(cut_flv(originals / f"1001_DFA_{emotion}_XX.flv", SECONDS))
    (video / "1001_IEO_ANG_MD.flv").write_bytes(cut_flv(originals / "1001_DFA_ANG_XX.flv", SECONDS))
    shutil.copy(originals / "1002_DFA_ANG_XX.mp3", sound)

    # a silent MP4 of an actor, its sound in a folder far from it, and a copy that FLV goes before
    frames = read_video(video / "1001_DFA_HAP_XX.flv").frames
    samples, rate = read_audio(video / "1001_DFA_HAP_XX.flv")
    copies = folder / "copies" / "of mine"
    copies.mkdir(parents=True)
    write_video(copies / "1006_TAI_HAP_XX.MP4", frames, fps=30)
    write_video(folder / "sound.mp4", frames[:1], fps=30, audio=samples, sample_rate=rate)
    (folder / "sound.mp4").rename(folder / "1006_TAI_HAP_XX.wav")
    write_video(copies / "1001_DFA_ANG_XX.mp4", frames, fps=30)

    whole = (originals / "1001_DFA_ANG_XX.flv").read_bytes()
    (video / "1003_DFA_ANG_XX.flv").write_bytes(whole[: len(whole) // 2])
    (video / "1003_DFA_DIS_XX.flv").write_text("this is text")
    (video / "1003_DFA_FEA_XX.flv").write_bytes(POINTER)
    (video / "1003_DFA_HAP_XX.flv").touch()
    (video / "1064_TIE_SAD_XX.flv").write_bytes(whole)
    (video / "holiday.flv").write_bytes(whole)
    (video / "._1001_DFA_NEU_XX.flv").write_bytes(b"what macOS leaves on other file systems")
    shutil.copy(originals / "1002_DFA_SAD_XX.mp3", sound / "1003_DFA_SAD_XX.mp3")
    return folder


def emotalk(*arguments) -> subprocess.CompletedProcess:
    """Run the command to its end."""
    return subprocess.run([*EMOTALK, *map(str, arguments)], capture_output=True, text=True, timeout=300, cwd=ROOT)


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below the folder, hidden ones too."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
