"""Batches that other processes read are the batches that one process reads."""

import pytest
import torch
from toy import toy_folder

from emotalk_lite.data.windows import ClipWindows
from emotalk_lite.errors import EmotalkError
from emotalk_lite.training.batches import choose_workers, read_batches


@pytest.fixture(scope="module")
def small(sample, tmp_path_factory):
    return toy_folder(sample, tmp_path_factory.mktemp("small"), ("anger", "neutral"))


def test_two_processes_read_the_bytes_of_none_whatever_is_drawn_at_random(small):
    def read(workers):
        examples = ClipWindows(small, 4, seed=1, voice_shifts=(0, -5, 3), pseudo_identities=0.75)
        return list(read_batches(examples, range(100, 111), 2, workers))

    one, two = read(0), read(2)
    assert [len(batch.image) for batch in one] == [2, 2, 2, 2, 2, 1] and len(two) == 6
    for ours, theirs in zip(one, two):
        assert all(torch.equal(a, b) for a, b in zip(ours, theirs))
    assert not torch.equal(one[0].frames, one[1].frames)


def test_what_readers_cannot_read_is_said_as_if_this_process_read_it(small):
    examples = ClipWindows(small, 4)
    entry = examples.entries[0]
    examples.entries[0].file = "clips/gone.safetensors"
    said = []
    for workers in (0, 2):
        with pytest.raises(EmotalkError) as told:
            list(read_batches(examples, range(4), 2, workers))
        said.append(str(told.value))
    assert said[0] == said[1] and entry.file in said[0]


def test_readers_leave_a_core_to_the_training_and_are_shared_by_the_gpus_of_a_machine(monkeypatch):
    gpu = torch.device("cuda")
    assert choose_workers(gpu, 4) == 3
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "4")
    assert [choose_workers(gpu, cores) for cores in (4, 16)] == [0, 3]
