"""What several test files share."""

import pytest


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
def portrait():
    """A real portrait that is not from the dataset (NASA, public domain): uint8 (512, 512, 3)."""
    from skimage.data import astronaut

    return astronaut()
