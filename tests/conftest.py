"""What several test files share."""

import os

if workers := os.environ.get("PYTEST_XDIST_WORKER_COUNT"):  # set before torch is imported: threads of two workers on one core wait for each other
    os.environ.setdefault("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 1) // int(workers))))

os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")  # tests compare bytes, and a GPU's sums differ from run to run; give a number to test on one

import browser
import chapters
import matplotlib.pyplot as plt
import pytest
import torch


@pytest.fixture(autouse=True)
def threads():
    """A chapter may choose its number of threads, and with it the last digits of all that is computed later: put it back."""
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@pytest.fixture
def in_this_process(monkeypatch, tmp_path):
    """Cells of a chapter may run here at smoke scale, in an empty folder; what they set for all is put back."""
    monkeypatch.setenv("EMOTALK_SCALE", "smoke")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(chapters.ROOT), os.environ.get("PYTHONPATH", "")]))
    monkeypatch.chdir(tmp_path)
    plt.switch_backend("agg")
    with plt.rc_context(), torch.random.fork_rng(devices=[]):
        yield
    plt.close("all")


@pytest.fixture(scope="session")
def sample():
    """The manifest of the real prepared sample: fetched and prepared on the first run, then found."""
    import emotalk_lite as et

    return et.sample(progress=False)


@pytest.fixture(scope="session")
def clips(sample):
    """The six prepared clips of actor 1001, by emotion."""
    from emotalk_lite.data.clips import load_clip

    return {entry.emotion: load_clip(sample.path(entry)) for entry in sample.clips}


@pytest.fixture(scope="session")
def strangers(tmp_path_factory):
    """Six painted clips of each of two people, by actor, of another corpus than any network of the package was trained on."""
    from emotalk_lite.data.clips import load_clip
    from emotalk_lite.data.synth.corpus import actor_clips, clip_path, make_actor

    folder, seed = tmp_path_factory.mktemp("strangers"), 7
    people = {}
    for actor in (2001, 2002):
        make_actor((str(folder), seed, actor, 6, False))
        people[actor] = [load_clip(clip_path(folder, name)) for name in actor_clips(seed, actor, 6)]
    return people


@pytest.fixture(scope="session")
def portrait():
    """A real portrait that is not from the dataset (NASA, public domain): uint8 (512, 512, 3)."""
    from skimage.data import astronaut

    return astronaut()


@pytest.fixture(scope="session")
def chromium():
    """Headless Chromium, or a skip that says what is missing; CI does not accept the skip."""
    program = browser.find()
    if program is None:
        message = "no Chromium or Chrome found: install one, or name its program in EMOTALK_CHROMIUM"
        if os.environ.get("EMOTALK_REQUIRE_BROWSER"):
            pytest.fail(message)
        pytest.skip(message)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        # Containers give Chromium neither its sandbox nor much shared memory; the pages are our own.
        options = ["--no-sandbox", "--disable-dev-shm-usage", "--autoplay-policy=no-user-gesture-required"]
        running = playwright.chromium.launch(executable_path=program, args=options)
        yield running
        running.close()
