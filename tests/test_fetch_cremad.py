"""Downloading CREMA-D: from a real web server in the shape of GitHub's, over real connections, with the real clips."""

import os
import signal
import subprocess
import sys
import time

import pytest
from crema_d import POINTER, ROOT, contents
from lfs_server import serving

from emotalk_lite.data import fetch_cremad as module
from emotalk_lite.data import lfs
from emotalk_lite.data.cremad import subset
from emotalk_lite.data.fetch_cremad import CONNECTIONS, fetch_cremad
from emotalk_lite.errors import EmotalkError

ANG, HAP = "VideoFlash/1001_DFA_ANG_XX.flv", "VideoFlash/1001_DFA_HAP_XX.flv"
NAMES = ["1001_DFA_ANG_XX", "1001_DFA_HAP_XX"]


@pytest.fixture
def server(sample, monkeypatch):
    """A server with the sample's files under the repository's paths; downloads go to it and nowhere else."""
    files = {f"VideoFlash/{path.name}": path.read_bytes() for path in (sample.folder / "raw").glob("*.flv")}
    files |= {f"AudioMP3/{path.name}": path.read_bytes() for path in (sample.folder / "raw").glob("*.mp3")}
    with serving(files) as server:
        monkeypatch.setattr(module, "POINTERS", f"{server.url}/raw")
        monkeypatch.setattr(module, "SERVERS", (f"{server.url}/media", f"{server.url}/mirror"))
        yield server


def fetch(out, **options):
    return fetch_cremad(out, **{"names": NAMES, "progress": False, **options})


def media(server, start="/media"):
    return [(path, wanted) for path, wanted in server.asked if path.startswith(start)]


def test_files_arrive_as_they_are_laid_out_in_the_repository(server, tmp_path):
    assert fetch(tmp_path) == [tmp_path / ANG, tmp_path / HAP]
    arrived = contents(tmp_path)
    assert arrived.pop("pointers.json") and arrived == {file: server.files[file] for file in (ANG, HAP)}


def test_actors_and_recordings_can_be_chosen(server, tmp_path):
    names = ["1001_DFA_ANG_XX", "1002_DFA_ANG_XX"]
    server.files["AudioMP3/1001_DFA_ANG_XX.mp3"] = b"sound"
    paths = fetch(tmp_path, names=names, actors=[1001], sound=True)
    assert paths == [tmp_path / ANG, tmp_path / "AudioMP3" / "1001_DFA_ANG_XX.mp3"]
    with pytest.raises(EmotalkError, match="^none of the chosen clips is of these actors; leave out --subset or choose other --actors$"):
        fetch(tmp_path, names=subset("paper100"), actors=[1010])
    with pytest.raises(EmotalkError, match="^no clip of these actors; CREMA-D's are numbered 1001 to 1091$"):
        fetch(tmp_path, names=None, actors=[7])


def test_what_is_there_is_not_fetched_again_not_even_online(server, tmp_path):
    fetch(tmp_path)
    server.asked.clear()
    fetch(tmp_path)
    assert server.asked == []


def test_a_file_put_there_by_hand_is_verified(server, tmp_path):
    (tmp_path / "VideoFlash").mkdir()
    (tmp_path / ANG).write_bytes(server.files[ANG])
    (tmp_path / HAP).write_bytes(POINTER)  # as a clone without Git LFS has it
    fetch(tmp_path)
    assert media(server) == [(f"/media/{HAP}", "")] and (tmp_path / HAP).read_bytes() == server.files[HAP]


def test_a_broken_connection_is_taken_up_where_it_broke(server, tmp_path):
    server.break_after[f"/media/{ANG}"] = [100_000, 50_000]
    fetch(tmp_path, names=NAMES[:1])
    assert (tmp_path / ANG).read_bytes() == server.files[ANG]
    starts = [int(wanted[6:-1] or 0) if wanted else 0 for _, wanted in media(server)]
    assert len(starts) == 3 and 0 == starts[0] < starts[1] < starts[2]
    assert server.sent[f"/media/{ANG}"] < len(server.files[ANG]) + 3 * lfs.CHUNK


def test_a_partial_file_of_an_earlier_call_is_continued(server, tmp_path):
    part = lfs.partial_path(tmp_path / ANG)
    part.parent.mkdir()
    part.write_bytes(server.files[ANG][:200_000])
    fetch(tmp_path, names=NAMES[:1])
    assert media(server) == [(f"/media/{ANG}", "bytes=200000-")]
    assert (tmp_path / ANG).read_bytes() == server.files[ANG] and not part.exists()


def test_a_server_that_cannot_continue_sends_all_of_it(server, tmp_path):
    server.ignores_range = True
    part = lfs.partial_path(tmp_path / ANG)
    part.parent.mkdir()
    part.write_bytes(server.files[ANG][:200_000])
    fetch(tmp_path, names=NAMES[:1])
    assert (tmp_path / ANG).read_bytes() == server.files[ANG]


def test_a_partial_file_that_is_not_the_beginning_is_thrown_away(server, tmp_path):
    part = lfs.partial_path(tmp_path / ANG)
    part.parent.mkdir()
    part.write_bytes(bytes(200_000))
    fetch(tmp_path, names=NAMES[:1])
    assert (tmp_path / ANG).read_bytes() == server.files[ANG]


def test_a_busy_server_is_asked_again(server, tmp_path):
    server.busy = {f"/raw/{HAP}": 2, f"/media/{ANG}": 2}
    fetch(tmp_path)
    assert (tmp_path / ANG).read_bytes() == server.files[ANG]


def test_a_server_that_is_busy_at_first_is_asked_again_too(server, tmp_path):
    server.busy = {f"/raw/{ANG}": lfs.TRIES - 1}  # the first that is asked for
    fetch(tmp_path / "crema-d")
    assert (tmp_path / "crema-d" / ANG).read_bytes() == server.files[ANG]
    server.busy = {f"/raw/{ANG}": lfs.TRIES}
    with pytest.raises(EmotalkError, match="^127.0.0.1 is too busy for CREMA-D .HTTP 503.; the same command goes on later"):
        fetch(tmp_path / "other")


def test_a_server_that_is_busy_and_then_gone_is_given_up(server, tmp_path, monkeypatch):
    server.busy = {f"/raw/{ANG}": 1}
    monkeypatch.setattr(lfs.Server, "_wait", lambda *_: server.server_close())  # nobody listens there any more
    with pytest.raises(EmotalkError, match="^no answer from 127.0.0.1 for CREMA-D"):
        fetch(tmp_path)


def test_when_github_refuses_the_datasets_mirror_is_asked(server, tmp_path):
    server.status["media"] = 403
    fetch(tmp_path)
    assert contents(tmp_path)[HAP] == server.files[HAP] and len(media(server, "/mirror")) == 2


@pytest.mark.parametrize("status", [402, 403, 404])
def test_when_nobody_gives_the_files_one_line_says_what_to_do(status, server, tmp_path):
    server.status |= {"media": status, "mirror": status}
    with pytest.raises(EmotalkError) as error:
        fetch(tmp_path)
    message = str(error.value)
    assert "\n" not in message and f"HTTP {status}" in message and "allowance" in message
    assert module.MIRROR in message and "emotalk prepare --raw" in message
    assert list(contents(tmp_path)) == ["pointers.json"]


def test_a_pointer_in_place_of_the_file_is_not_taken_for_it(server, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "SERVERS", (f"{server.url}/raw",))
    with pytest.raises(EmotalkError, match="sends 13. bytes instead of 265922"):
        fetch(tmp_path, names=NAMES[:1])
    assert not (tmp_path / ANG).exists()


def test_damaged_bytes_never_become_a_file(server, tmp_path):
    server.damages.add(f"/media/{ANG}")
    with pytest.raises(EmotalkError, match="1001_DFA_ANG_XX.flv: arrives damaged"):
        fetch(tmp_path, names=NAMES[:1])
    assert list(contents(tmp_path)) == ["pointers.json"]


def test_offline_it_says_so_at_once(server, tmp_path):
    server.server_close()  # nobody listens there any more
    started = time.monotonic()
    with pytest.raises(EmotalkError, match="^no answer from 127.0.0.1 for CREMA-D .*emotalk prepare --raw`$"):
        fetch(tmp_path / "crema-d")
    assert time.monotonic() - started < 2
    assert not list(tmp_path.iterdir())


def test_a_file_that_the_repository_does_not_have(server, tmp_path):
    with pytest.raises(EmotalkError, match="1003_DFA_ANG_XX.flv: not in the dataset's repository .HTTP 404"):
        fetch(tmp_path, names=["1003_DFA_ANG_XX"])


def command(server, out, *options):
    """``emotalk cremad`` as a process that knows our server in place of GitHub's."""
    start = (
        "import emotalk_lite.data.fetch_cremad as module, emotalk_lite.data.lfs as lfs, emotalk_lite.cli as cli, sys; lfs.TIMEOUT = 2; "
        f"module.POINTERS, module.SERVERS = '{server.url}/raw', ('{server.url}/media',); cli.app(sys.argv[1:])"
    )
    return subprocess.Popen(
        [sys.executable, "-c", start, "cremad", "--out", str(out), *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=ROOT,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a background job would ignore it
    )


@pytest.mark.parametrize("how, status", [(signal.SIGKILL, -9), (signal.SIGINT, 130)])
def test_stopped_in_the_middle_of_a_file_it_goes_on_there(how, status, server, tmp_path, monkeypatch):
    from emotalk_lite.data.cremad import official_names

    for name in official_names():  # the command asks for all of an actor's clips: the others are small here
        if name.startswith("1001"):
            server.files.setdefault(f"VideoFlash/{name}.flv", name.encode())
    server.stalls[f"/media/{ANG}"] = 2 * lfs.CHUNK
    process = command(server, tmp_path, "--actors", "1001")
    part = lfs.partial_path(tmp_path / ANG)
    while not (part.is_file() and part.stat().st_size > 0):
        assert process.poll() is None, process.communicate()[1]
        time.sleep(0.01)
    process.send_signal(how)
    screen = process.communicate(timeout=60)[1]
    assert process.returncode == status
    if how == signal.SIGINT:
        assert screen.splitlines()[-1] == "emotalk: stopped; the same command goes on where it stopped"
    there = part.stat().st_size
    assert there > 0 and not (tmp_path / ANG).exists()

    server.stalls.clear()
    server.asked.clear()
    fetch_cremad(tmp_path, actors=[1001], progress=False)
    assert (f"/media/{ANG}", f"bytes={there}-") in server.asked and (tmp_path / ANG).read_bytes() == server.files[ANG]
    videos = [path.name for path in (tmp_path / "VideoFlash").iterdir()]
    unfinished = [name for name in videos if name.startswith(".")]  # what was being written: swept away an hour later
    assert len(videos) - len(unfinished) == 82 and len(unfinished) <= CONNECTIONS * (how == signal.SIGKILL)


def test_wrong_actors_are_named(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "emotalk_lite", "cremad", "--out", str(tmp_path), "--actors", "1001,7"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=os.environ,
    )
    assert done.returncode == 2
    assert done.stderr == "emotalk: '7' is no actor of CREMA-D; they are numbered 1001 to 1091: give 1001,1005-1010\n"
