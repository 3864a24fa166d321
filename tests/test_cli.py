"""The command line as a process: what it prints, its exit status, and what it leaves on disk."""

import importlib.metadata
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from talk_inputs import checkpoint, portrait_file, save_random_generator, speech, speech_file, write_audio  # noqa: F401
from toy import TOY

from emotalk_lite.cli import app
from emotalk_lite.data.media import read_audio, read_video
from emotalk_lite.data.sample import sample

ROOT = Path(__file__).resolve().parent.parent
EMOTALK = [sys.executable, "-m", "emotalk_lite"]


def emotalk(*arguments, **environment) -> subprocess.CompletedProcess:
    """Run the command to its end."""
    return subprocess.run(
        [*EMOTALK, *map(str, arguments)], capture_output=True, text=True, timeout=300, cwd=ROOT, env=os.environ | environment
    )


def emotalk_here(capsys, *arguments) -> subprocess.CompletedProcess:
    """The command in this process, which has imported what another would import first."""
    with pytest.raises(SystemExit) as left:
        app([*map(str, arguments)], prog_name="emotalk")
    said = capsys.readouterr()
    return subprocess.CompletedProcess(arguments, left.value.code, said.out, said.err)


@pytest.fixture
def request_(portrait_file, speech_file, checkpoint, tmp_path):
    """The options of a `talk` that works; a test spoils one of them."""
    return {
        "--image": portrait_file,
        "--audio": speech_file,
        "--emotion": "happiness",
        "--checkpoint": checkpoint,
        "--out": tmp_path / "out" / "talk.mp4",
    }


def words(options: dict) -> list:
    return [word for pair in options.items() for word in pair]


def talk(options: dict) -> subprocess.CompletedProcess:
    return emotalk("talk", *words(options))


def test_talk_writes_a_video_with_the_recordings_sound(request_, speech, tmp_path):
    request_ |= {"--emotion": "happiness:0.7,sadness:0.3", "--seed": 5}
    done = talk(request_)
    assert (done.returncode, done.stderr) == (0, "")
    assert re.fullmatch(r"\S+talk.mp4: 66 frames of 128 x 128, 2.6\d s, seed 5, checkpoint \S+\n", done.stdout)
    assert len(read_video(request_["--out"]).frames) == 66
    heard = read_audio(request_["--out"])
    assert heard.rate == speech.rate
    n = speech.samples.shape[1]
    assert np.corrcoef(heard.samples[0, :n], speech.samples[0])[0, 1] > 0.95
    assert [p.name for p in request_["--out"].parent.iterdir()] == ["talk.mp4"]
    assert talk({**request_, "--out": tmp_path / "again.mp4"}).returncode == 0
    assert (tmp_path / "again.mp4").read_bytes() == request_["--out"].read_bytes()


# What the user gives -> the file or value, made in the folder `at` from the real portrait and speech.


def no_face(at, portrait, speech):
    Image.fromarray(portrait[300:]).save(at / "suit.png")
    return at / "suit.png"


def several_faces(at, portrait, speech):
    Image.fromarray(np.hstack([portrait, portrait])).save(at / "twins.png")
    return at / "twins.png"


def small_face(at, portrait, speech):
    Image.fromarray(portrait).resize((150, 150)).save(at / "stamp.png")
    return at / "stamp.png"


def not_a_picture(at, portrait, speech):
    (at / "face.png").write_text("this is text")
    return at / "face.png"


def silent_audio(at, portrait, speech):
    return write_audio(at / "silence.wav", np.zeros((1, 8000), np.float32), 8000, "pcm_s16le")


def empty_file(at, portrait, speech):
    (at / "empty.wav").touch()
    return at / "empty.wav"


def no_samples(at, portrait, speech):
    whole = write_audio(at / "whole.wav", speech.samples[:, :100], speech.rate, "pcm_s16le").read_bytes()
    header = whole[: whole.index(b"data") + 4] + (0).to_bytes(4, "little")
    (at / "header_only.wav").write_bytes(header)
    return at / "header_only.wav"


def truncated_mp4(at, portrait, speech):
    path = write_audio(at / "speech.mp4", speech.samples, speech.rate, "aac")
    path.write_bytes(path.read_bytes()[:-2000])
    return path


def truncated_flv(at, portrait, speech):
    manifest = sample(progress=False)
    original = manifest.raw_path(manifest.clips[0]).read_bytes()
    (at / "clip.flv").write_bytes(original[: len(original) // 2])
    return at / "clip.flv"


def no_sound_track(at, portrait, speech):
    from emotalk_lite.data.media import write_video

    return write_video(at / "mute.mp4", np.zeros((5, 64, 64, 3), np.uint8))


def other_size(at, portrait, speech):
    return save_random_generator(at / "small.safetensors", TOY)


def weights_of_another_size(at, portrait, speech):
    from safetensors.torch import load_file

    from emotalk_lite.checkpoint import read_header, save_tensors

    path = save_random_generator(at / "generator.safetensors")
    small = load_file(save_random_generator(at / "small.safetensors", TOY))
    save_tensors(small, path, read_header(path))
    return path


def not_a_checkpoint(at, portrait, speech):
    (at / "model.safetensors").write_bytes(b"PK" * 100)
    return at / "model.safetensors"


def another_tensor_file(at, portrait, speech):
    manifest = sample(progress=False)
    return manifest.path(manifest.clips[0])


def below_a_file(at, portrait, speech):
    (at / "file").touch()
    return at / "file" / "talk.mp4"


def a_folder(at, portrait, speech):
    (at / "folder.mp4").mkdir()
    return at / "folder.mp4"


MISTAKES = [
    ("--image", no_face, "no face found; give a picture"),
    ("--image", several_faces, "2 faces found; crop"),
    ("--image", small_face, "pixels high, 48 are needed; give a larger"),
    ("--image", not_a_picture, "is not a picture; give"),
    ("--image", a_folder, "is a folder; give a file"),
    ("--image", "nowhere.png", "no such file; check the path"),
    ("--audio", silent_audio, r"is silent \(peak below -60 dBFS\); record"),
    ("--audio", empty_file, "is empty; get"),
    ("--audio", no_samples, "holds no sound at all; record|cannot be read .*"),
    ("--audio", truncated_mp4, "cannot be read .*; it is not a media file or is damaged"),
    ("--audio", truncated_flv, "is cut off after .*; get the whole file"),
    ("--audio", no_sound_track, "has no audio track; give"),
    ("--audio", "nowhere.wav", "no such file; check the path"),
    ("--emotion", "joy", "unknown emotion 'joy'; choose from anger, disgust"),
    ("--emotion", "happiness:1.4", "must be a number from 0 to 1"),
    ("--emotion", "happiness:0.7,sadness:0.7", "add up to 1.4; they must not exceed 1"),
    ("--checkpoint", other_size, "draws 32 x 32 pixels, not 128 x 128; give a checkpoint"),
    ("--checkpoint", weights_of_another_size, "does not fit the size it states .*; train it again"),
    ("--checkpoint", not_a_checkpoint, "is not a safetensors file .*; give a checkpoint"),
    ("--checkpoint", another_tensor_file, "is not a generator of this package; give"),
    ("--checkpoint", "nowhere.safetensors", "no checkpoint at .*; train one"),
    ("--out", below_a_file, "cannot write .*(Not a directory|File exists); choose"),
    ("--out", a_folder, "it is a folder; give a file name"),
    ("--out", "talk.gif", "give a name that ends in .mp4"),
    ("--device", "abacus", "no device 'abacus'; use auto, cpu or cuda"),
]


@pytest.mark.parametrize(("option", "wrong", "line"), MISTAKES, ids=lambda v: getattr(v, "__name__", str(v))[:30])
def test_a_mistake_is_one_line_and_leaves_every_file_as_it_was(option, wrong, line, request_, portrait, speech, tmp_path, capsys):
    made = tmp_path / "made"
    made.mkdir()
    value = wrong(made, portrait, speech) if callable(wrong) else wrong
    out = tmp_path / "talk.mp4"
    out.write_bytes(b"an older video")
    before = snapshot(tmp_path)

    done = emotalk_here(capsys, "talk", *words({**request_, "--out": out, option: value}))

    assert done.returncode == 2, done.stderr
    assert re.fullmatch(f"emotalk: .*({line}).*\n", done.stderr), done.stderr
    assert done.stdout == ""
    assert snapshot(tmp_path) == before


def snapshot(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_an_input_is_never_overwritten_and_a_mistake_ends_the_process_with_2(request_, speech, tmp_path):
    video = write_audio(tmp_path / "speech.mp4", speech.samples, speech.rate, "aac")
    before = video.read_bytes()
    done = talk({**request_, "--audio": video, "--out": video})
    assert (done.returncode, video.read_bytes()) == (2, before)
    assert "it is one of the inputs; give another --out" in done.stderr


def test_without_a_checkpoint_talk_takes_the_shipped_one(request_, tmp_path):
    del request_["--checkpoint"]
    done = emotalk("talk", *words(request_), EMOTALK_HOME=str(tmp_path / "home"))
    assert done.returncode == 0 and re.search(r"seed \d+, checkpoint \S+weights.portrait.safetensors\n$", done.stdout)


def test_sample_says_where_it_is():
    done = emotalk("sample")
    assert done.returncode == 0
    assert done.stdout == f"{sample().folder}: 6 clips, 6 recordings; see contact_sheet.png there\n"


def test_train_writes_a_run_that_talk_takes_and_never_overwrites_one(tmp_path, request_, capsys):
    run = tmp_path / "runs" / "mine"
    options = ["train", "--preset", "smoke", "--steps", 2, "--out", run, "--data", sample(progress=False).folder, "--variant", "se+bsrgan"]
    done = emotalk(*options)
    assert done.returncode == 0, done.stderr
    best = r"\S+best.safetensors: the generator of pretrain step 2, whose mouth error, [\d.]+ grey levels, is the lowest"
    enlarged = r"se\+bsrgan is .*--checkpoint \S+ --upscale bsrgan`"
    assert re.fullmatch(rf"\S+generator.safetensors: 2 steps in \d+ s, PSNR .*\n{best}\n{enlarged}\n", done.stdout)
    again = emotalk(*options)
    assert (again.returncode, again.stdout) == (2, "")
    assert re.search("emotalk: .* already holds a run at step 2; add --resume .*\n$", again.stderr)
    resumed = emotalk(*options, "--resume")
    assert (resumed.returncode, resumed.stdout) == (0, done.stdout)

    for checkpoint in (run, run / "best.safetensors"):
        taken = emotalk_here(capsys, "talk", *words({**request_, "--checkpoint": checkpoint}))
        assert taken.returncode == 0 and f"checkpoint {checkpoint}\n" in taken.stdout


def test_a_stage_that_the_preset_leaves_out_is_a_clear_line(tmp_path, capsys):
    done = emotalk_here(capsys, "train", "--preset", "portrait", "--stage", "critic", "--out", tmp_path / "run")
    assert (done.returncode, done.stderr) == (2, "emotalk: preset portrait leaves out the critic stage; give --steps\n")
    assert not (tmp_path / "run").exists()


def test_features_that_cannot_be_had_are_named_in_one_line(tmp_path):
    options = ["--preset", "smoke", "--stage", "critic", "--steps", 1, "--set", "perceptual_features=vgg19", "--set", "validate_clips=1"]
    nowhere = {"https_proxy": "http://127.0.0.1:9", "TORCH_HOME": str(tmp_path / "torch")}  # no weights there, and no way to get them
    done = emotalk("train", *options, "--data", sample(progress=False).folder, "--out", tmp_path / "run", **nowhere)
    assert done.returncode == 0 and "Warning" not in done.stderr
    assert re.search(r"^emotalk: VGG19's weights cannot be had \(.*\); using EfficientNet-Lite0's features$", done.stderr, re.MULTILINE)
    assert done.stdout.startswith(str(tmp_path / "run"))  # and nothing of what was to be downloaded


def test_ctrl_c_says_in_one_line_how_to_go_on(tmp_path):
    command = [*EMOTALK, "train", "--preset", "smoke", "--stage", "pretrain", "--steps", "100000", "--out", str(tmp_path / "run")]
    process = subprocess.Popen(
        [*command, "--data", str(sample(progress=False).folder)],
        stderr=subprocess.PIPE,
        cwd=ROOT,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a background job would ignore it
    )
    screen = b""
    while b"mouth" not in screen:  # the first steps are done
        screen += os.read(process.stderr.fileno(), 4096)
    process.send_signal(signal.SIGINT)
    last = process.communicate(timeout=60)[1].decode().splitlines()[-1]
    assert process.returncode == 130
    assert last == "emotalk: stopped; the same command with --resume goes on where it stopped"
    assert (tmp_path / "run" / "state.safetensors").is_file()


MISSPELT = [
    (["talk"], "missing option '--image'; 'emotalk talk -h' shows the options"),
    (["talk", "--model", "x"], "no such option: --model; 'emotalk talk -h' shows the options"),
    (["talk", "--imag", "x"], "no such option: --imag .*--image.*; 'emotalk talk -h' shows the options"),
    (["train", "--out"], "option '--out' requires an argument; 'emotalk train -h' shows the options"),
    (["train", "--seed", "abc"], "invalid value for '--seed': .* valid integer.*; 'emotalk train -h' shows the options"),
    (["train", "--steps", "many"], "invalid value for '--steps': .* valid integer.*; 'emotalk train -h' shows the options"),
    (["bench", "--seconds", "-1"], "invalid value for '--seconds': .*; 'emotalk bench -h' shows the options"),
    (["mos", "survey"], "missing argument 'CLIPS'; 'emotalk mos survey -h' shows the options"),
    (["mos", "surv"], "no such command 'surv'.*; 'emotalk mos -h' shows the commands"),
    (["dance"], "no such command 'dance'; 'emotalk -h' shows the commands"),
    (["--volume", "11"], "no such option: --volume; 'emotalk -h' shows the options"),
]


@pytest.mark.parametrize(("wrong", "line"), MISSPELT, ids=lambda v: " ".join(v) if isinstance(v, list) else "")
def test_a_misspelt_command_is_one_line_that_says_where_help_is(wrong, line, capsys):
    done = emotalk_here(capsys, *wrong)
    assert (done.returncode, done.stdout) == (2, "")
    assert re.fullmatch(f"emotalk: {line}\n", done.stderr), done.stderr
    assert "Input should" not in done.stderr and "--help" not in done.stderr


@pytest.mark.parametrize("group", [[], ["mos"]], ids=["emotalk", "mos"])
def test_a_group_without_a_command_shows_its_help(group, capsys):
    done = emotalk_here(capsys, *group)
    shown = done.stdout + done.stderr  # which of the two, and the status, depend on typer's version
    assert shown.startswith("Usage: emotalk") and "Commands:" in shown and "emotalk: " not in shown


def test_version_is_one_line(capsys):
    done = emotalk_here(capsys, "--version")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"emotalk {importlib.metadata.version('emotalk-lite')}\n", "")


FOLDERS = {
    "evaluate": ["--generated", ROOT, "--real"],
    "mos survey": ["--out", "survey.html"],
    "train": ["--out", "run", "--data"],
    "prepare": ["--out", "prepared", "--raw"],
    "ablate": ["--out", "ablation", "--data"],
}


@pytest.mark.parametrize("command", FOLDERS)
def test_a_file_in_place_of_a_folder_is_called_one(command, portrait_file, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    done = emotalk_here(capsys, *command.split(), *FOLDERS[command], portrait_file)
    assert (done.returncode, done.stderr) == (2, f"emotalk: {portrait_file}: is a file; give a folder\n")
    assert not list(tmp_path.iterdir())


PATHS = {
    "talk --image": ["--audio", __file__, "--emotion", "happy", "--out", "talk.mp4", "--image"],
    "talk --audio": ["--image", __file__, "--emotion", "happy", "--out", "talk.mp4", "--audio"],
    "talk --out": ["--image", __file__, "--audio", __file__, "--emotion", "happy", "--out"],
    "talk --checkpoint": ["--image", __file__, "--audio", __file__, "--emotion", "happy", "--out", "talk.mp4", "--checkpoint"],
    "upscale IN": ["--model", "bicubic", "--", "talk.mp4"],
    "convert IN": ["--", "out.safetensors"],
    "evaluate --real": ["--generated", ROOT, "--real"],
    "train --data": ["--out", "run", "--data"],
    "train --init": ["--out", "run", "--data", ROOT, "--init"],
    "prepare --raw": ["--out", "prepared", "--raw"],
    "mos survey": ["--out", "survey.html"],
    "mos analyse --key": [ROOT, "--key"],
}


@pytest.mark.parametrize("command", PATHS)
def test_an_impossible_path_is_one_line(command, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    words = [word for word in command.split() if word.islower() and not word.startswith("-")]
    options = PATHS[command]
    long = 300 * "a" + ".mp4"
    given = [*options[: options.index("--") + 1], long, *options[options.index("--") + 1 :]] if "--" in options else [*options, long]
    done = emotalk_here(capsys, *words, *given)
    assert done.returncode == 2 and done.stderr.count("\n") == 1, done.stderr
    assert re.fullmatch(f"emotalk: .*{long}.*File name too long.*; .+\n", done.stderr), done.stderr
    assert not list(tmp_path.iterdir())


def test_an_input_without_the_right_to_read_it_is_one_line(tmp_path, capsys):
    locked = tmp_path / "locked.png"
    locked.write_bytes(b"")
    locked.chmod(0)
    me = os.getuid()
    if not me:  # root may read everything; who typer asks about is the real user
        os.setreuid(65534, 0)
    try:
        done = emotalk_here(capsys, "upscale", locked, tmp_path / "large.png")
    finally:
        if not me:
            os.setreuid(0, 0)
    assert done.returncode == 2 and done.stderr.count("\n") == 1
    assert done.stderr.endswith(f"{str(locked)!r} cannot be read (Permission denied); check its permissions\n")


def test_a_file_name_that_is_no_utf_8_can_be_said(request_, tmp_path, capsys):
    out = tmp_path / os.fsdecode(b"caf\xe9.mp4")
    done = emotalk_here(capsys, "talk", *words({**request_, "--out": out}))
    assert done.returncode == 0 and out.is_file()
    assert done.stdout.startswith(f"{tmp_path}/caf\\udce9.mp4: 66 frames")


@pytest.mark.parametrize(
    ("command", "line"),
    [("upscale Makefile b.mp4", "stopped; nothing was written"), ("train", "stopped; the same command with --resume goes on where it stopped")],
)
def test_ctrl_c_in_the_first_seconds_says_that_it_was_heard(command, line, tmp_path):
    (tmp_path / "torch.py").write_text("import signal\nsignal.raise_signal(signal.SIGINT)\n")  # what takes these seconds
    done = subprocess.run(
        [*EMOTALK, *command.split()],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(tmp_path), str(ROOT)])},
        capture_output=True,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a background job would ignore it
    )
    assert (done.returncode, done.stderr) == (-signal.SIGINT, f"emotalk: {line}\n")


def test_a_kill_while_a_bar_is_shown_leaks_no_semaphore():
    kill = "import multiprocessing, os, signal; from tqdm import tqdm; import emotalk_lite.cli as cli\n"
    kill += "multiprocessing.set_start_method('spawn')\n"  # as on a Mac, where such a semaphore has a name
    kill += "cli.training.resolve_preset = lambda *_: (tqdm(total=1), os.kill(os.getpid(), signal.SIGKILL)); cli.app(['train'])"
    done = subprocess.run([sys.executable, "-c", kill], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == -signal.SIGKILL and "0/1" in done.stderr and "leaked" not in done.stderr


def make_talk(*words, **variables):
    given = [f"{name}={value}" for name, value in {"PYTHON": "no_python", **variables}.items()]  # `make env` would fail
    return subprocess.run(["make", "--no-print-directory", *words, "talk", *given], cwd=ROOT, env=os.environ | {"LC_ALL": "C"}, capture_output=True, text=True)


def test_make_talk_without_an_input_says_how_before_anything_is_made():
    done = make_talk(IMAGE="face.png", EMOTION="happiness")
    assert (done.returncode, done.stdout) == (2, "")
    assert re.fullmatch(r"Makefile:\d+: \*\*\* .*make talk IMAGE=face.png AUDIO=speech.wav EMOTION=happiness OUT=talk.mp4.*\n", done.stderr)


def test_make_talk_gives_the_command_every_input():
    done = make_talk("-n", IMAGE="my face.png", AUDIO="speech.wav", EMOTION="happiness", OUT="talk.mp4")
    assert 'talk --image "my face.png" --audio "speech.wav" --emotion "happiness" --out "talk.mp4"' in done.stdout


@pytest.mark.parametrize("command", ["sample", "cremad", "prepare", "synth", "train", "talk"])
def test_help_shows_an_example_of_options_that_exist(command):
    done = emotalk(command, "--help")
    assert done.returncode == 0
    description, options = done.stdout.split("Options:")
    examples = [line.split() for line in description.splitlines() if line.strip().startswith(f"emotalk {command}")]
    assert examples
    for word in {word for example in examples for word in example if word.startswith("--")}:
        assert re.search(rf"^ +{word} ", options, re.MULTILINE)


def test_help_needs_neither_torch_nor_numpy():
    check = "import sys, emotalk_lite.cli; print([name for name in ('torch', 'numpy', 'av') if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, cwd=ROOT).stdout == "[]\n"


def test_a_bug_keeps_its_traceback():
    bug = "import emotalk_lite.cli as cli; cli.training.resolve_preset = lambda *_: 1 / 0; cli.app(['train'])"
    done = subprocess.run([sys.executable, "-c", bug], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 1
    assert done.stderr.startswith("Traceback") and "ZeroDivisionError" in done.stderr
