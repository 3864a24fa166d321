"""Files appear whole or not at all."""

import errno
import os
from contextlib import contextmanager
from pathlib import Path

import pytest

from emotalk_lite.errors import EmotalkError
from emotalk_lite.paths import alone_in, atomic_path, check_folder, check_readable, check_writable, home, make_folder_of, remove_abandoned


def test_home_is_where_the_environment_says(tmp_path, monkeypatch):
    monkeypatch.setenv("EMOTALK_HOME", str(tmp_path))
    assert home() == tmp_path
    monkeypatch.delenv("EMOTALK_HOME")
    assert home().name == "emotalk_lite"


def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(KeyboardInterrupt), atomic_path(path) as temporary:
        temporary.write_text("half")
        raise KeyboardInterrupt
    assert path.read_text() == "old" and list(tmp_path.iterdir()) == [path]


def test_success_replaces_the_file_and_makes_its_folder(tmp_path):
    path = tmp_path / "new" / "a.mp4"
    with atomic_path(path) as temporary:
        assert temporary.suffix == ".mp4" and temporary.parent == path.parent
        temporary.write_text("new")
    assert path.read_text() == "new" and list(path.parent.iterdir()) == [path]


def test_what_cannot_be_written_is_known_beforehand(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(EmotalkError, match="cannot write"):
        check_writable(tmp_path / "file" / "out.mp4")
    with pytest.raises(EmotalkError, match="it is a folder"):
        check_writable(tmp_path)
    with pytest.raises(EmotalkError, match="cannot write .*name too long"):
        check_writable(tmp_path / (300 * "a"))


def test_a_name_that_leaves_no_room_for_the_temporary_one_is_known_beforehand(tmp_path):
    for length in range(220, 251):
        path = tmp_path / (length * "a" + ".mp4")
        try:
            check_writable(path)
        except EmotalkError as error:
            assert "name too long; give a shorter name" in str(error)
            break
        with atomic_path(path) as temporary:
            temporary.touch()
        path.unlink()
    assert 225 < length < 250 and not list(tmp_path.iterdir())


@contextmanager
def without_rights():
    """As an ordinary user, where root, whom no permissions stop, runs the tests."""
    me = os.geteuid()
    if not me:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(me)


def test_an_input_that_cannot_be_read_is_one_line_that_says_what_to_do(tmp_path):
    path = tmp_path / "face.png"
    path.write_bytes(b"")
    assert check_readable(path) == path
    cases = [
        (tmp_path, "is a folder; give a file"),
        (tmp_path / "none.png", "no such file; draw one"),
        (tmp_path / (300 * "a"), r"cannot be read \(File name too long\); check the path"),
        (path / "face.png", r"cannot be read \(Not a directory\); check the path"),
    ]
    for wrong, line in cases:
        with pytest.raises(EmotalkError, match=f"^{wrong}: {line}$"):
            check_readable(wrong, "draw one")
    path.chmod(0)
    with without_rights(), pytest.raises(EmotalkError, match=rf"^{path}: cannot be read \(Permission denied\); check its permissions$"):
        check_readable(path)


def test_a_file_in_place_of_a_folder_is_called_one(tmp_path):
    path = tmp_path / "face.png"
    path.touch()
    assert check_folder(tmp_path, "make one") == tmp_path
    for wrong, line in [(path, "is a file; give a folder"), (tmp_path / "none", "no such folder; make one"), (path / "in", "no such folder; make one")]:
        with pytest.raises(EmotalkError, match=f"^{wrong}: {line}$"):
            check_folder(wrong, "make one")
    with pytest.raises(EmotalkError, match=r"cannot be read \(File name too long\); check the path"):
        check_folder(tmp_path / (300 * "a"), "make one")


def test_asking_whether_a_file_can_be_written_makes_no_folder(tmp_path):
    path = tmp_path / "new" / "newer" / "out.mp4"
    assert check_writable(path) == path and not list(tmp_path.iterdir())
    assert make_folder_of(path).parent.is_dir() and not list(path.parent.iterdir())


def test_what_a_kill_leaves_of_the_probe_is_removed_with_the_rest(tmp_path, monkeypatch):
    monkeypatch.setattr(Path, "unlink", lambda self: None)
    check_writable(tmp_path / "out.mp4")
    monkeypatch.undo()
    assert len(list(tmp_path.iterdir())) == 1
    remove_abandoned(tmp_path, age=0)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("number", [errno.ENOSYS, errno.ENOLCK], ids=["no locks at all", "no locks left"])
def test_a_disk_without_locks_keeps_nobody_out_and_nothing_of_a_killed_process_stays(tmp_path, monkeypatch, recwarn, number):
    def flock(descriptor, how):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("fcntl.flock", flock)
    with alone_in(tmp_path), alone_in(tmp_path, wait=0):
        assert not [path for path in tmp_path.iterdir() if path.stat().st_size], "a file that says who holds the lock outlives a kill"
    assert not recwarn
