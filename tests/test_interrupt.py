"""Signals: held back between two steps, and what `kill` does to a command."""

import os
import signal
import subprocess
import sys
import threading
from functools import partial
from pathlib import Path

import pytest

from emotalk_lite.data.workers import in_workers
from emotalk_lite.interrupt import ends_like_ctrl_c, interrupts

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def handlers():
    """The test's own handlers; afterwards they are as before."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.getsignal(number) for number in numbers}
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as nohup leaves it
    yield lambda: [signal.getsignal(number) for number in numbers]
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_waits_for_the_step_and_the_second_does_not(handlers, number):
    before = handlers()
    for patient in (True, False):
        with pytest.raises(KeyboardInterrupt) as stopped, ends_like_ctrl_c(), interrupts() as interrupted:
            signal.raise_signal(signal.SIGHUP)  # ignored before, ignored now
            assert not interrupted()
            signal.raise_signal(number)
            assert interrupted()
            if patient:
                raise KeyboardInterrupt
            signal.raise_signal(number)
        assert stopped.value.args == (number,) and handlers() == before


def test_what_a_background_job_ignores_stays_ignored_and_a_library_leaves_kill_alone(handlers):
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    before = handlers()
    with interrupts() as interrupted:
        assert handlers() == before
        signal.raise_signal(signal.SIGINT)
        assert not interrupted()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_an_import_at_once_and_says_so(tmp_path, number):
    (tmp_path / "slow.py").write_text(f"import signal\ntry:\n    signal.raise_signal({int(number)})\nexcept BaseException:\n    pass\n")
    script = "import signal\nsignal.signal(signal.SIGINT, signal.default_int_handler)\nfrom emotalk_lite.interrupt import ends_like_ctrl_c\nwith ends_like_ctrl_c():\n    import slow\n"
    paths = os.pathsep.join([str(tmp_path), str(ROOT)])
    done = subprocess.run([sys.executable, "-c", script], env={**os.environ, "PYTHONPATH": paths}, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (-number, "emotalk: stopped; nothing was written\n")


def test_kill_raises_in_a_command_and_a_thread_goes_without(handlers):
    with pytest.raises(KeyboardInterrupt) as stopped, ends_like_ctrl_c():
        signal.raise_signal(signal.SIGTERM)
    assert stopped.value.args == (signal.SIGTERM,)
    said = []

    def elsewhere():
        with ends_like_ctrl_c(), interrupts() as interrupted:
            said.append(interrupted())

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    assert said == [False]


def test_a_worker_never_hears_ctrl_c_not_even_while_it_starts():
    blocked = partial(signal.pthread_sigmask, signal.SIG_BLOCK)  # given nothing, what is blocked already
    assert all(signal.SIGINT in of_worker for of_worker in in_workers(blocked, [(), ()], workers=2, out=Path(".")))
    assert signal.SIGINT not in blocked(())


def test_a_script_that_starts_workers_while_it_is_imported_is_told_where_to_call_them(tmp_path):
    script = tmp_path / "script.py"
    script.write_text("from pathlib import Path\nfrom emotalk_lite.data.workers import in_workers\nlist(in_workers(abs, [-1, 2], workers=2, out=Path('.')))\n")
    done = subprocess.run([sys.executable, script], cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, timeout=120)
    assert done.returncode == 1 and 'must call it below `if __name__ == "__main__":`' in done.stderr.splitlines()[-1]
