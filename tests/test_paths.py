"""Files appear whole or not at all."""

import errno
import os
from pathlib import Path

import pytest

from emotalk_lite.errors import EmotalkError
from emotalk_lite.paths import alone_in, atomic_path, check_writable, home, make_folder_of, remove_abandoned


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
