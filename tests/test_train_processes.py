"""Two processes that share every batch compute what one computes alone."""

import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from toy import TOY_PRESET, toy_folder

from emotalk_lite.errors import EmotalkError
from emotalk_lite.training.processes import Processes
from emotalk_lite.training.schedule import example_order
from emotalk_lite.training.train import train

TESTS = Path(__file__).parent
PROCESSES = 2
SCRIPT = """
import sys
from dataclasses import replace
import pytest
import torch
from toy import TOY_PRESET
from emotalk_lite.errors import EmotalkError
from emotalk_lite.training.processes import find_processes
from emotalk_lite.training.train import train
data, out, stages = sys.argv[1:]
assert find_processes(torch.device("cpu")).count == 2
for stage in stages.split(","):
    train(data, f"{out}/{stage}", TOY_PRESET, stage, steps=1, device="cpu", progress=False)
warp = replace(TOY_PRESET, model=replace(TOY_PRESET.model, output="warp"))
with pytest.raises(EmotalkError, match="2 gives each of 2 processes an odd number of clips"):
    train(data, f"{out}/warp", warp, "pretrain", steps=1, device="cpu", progress=False)
"""


def test_two_processes_have_the_gradients_and_weights_of_one(sample, tmp_path):
    small = toy_folder(sample, tmp_path / "small")
    for stage in ("critic", "pretrain"):
        train(small, tmp_path / "begun", TOY_PRESET, stage, steps=3, device="cpu", progress=False)
    for name in ("one", "two"):
        shutil.copytree(tmp_path / "begun", tmp_path / name / "joint")
    stages = ("critic", "pretrain", "joint")  # a step of each, so that what is compared has one step's rounding behind it
    for stage in stages:
        train(small, tmp_path / "one" / stage, TOY_PRESET, stage, steps=1, device="cpu", progress=False)
    launch(tmp_path, str(small), str(tmp_path / "two"), ",".join(stages))
    for stage in stages:
        one, two = (load_file(tmp_path / name / stage / "state.safetensors") for name in ("one", "two"))
        assert one.keys() == two.keys() and any(name.startswith("adam") for name in one)
        for name in one:
            # Adam's mean of a gradient is half of it or a tenth. A gradient is a sum over pixels that mostly cancel: its
            # rounding goes with the tensor's largest. Adam divides by the gradient's size, so that where it is nearly
            # zero, the rounding becomes a visible part of a step (3e-3)
            largest = one[name].abs().max().item()
            atol = max(1e-6, 1e-4 * largest) if name.startswith("adam") else 1e-4
            torch.testing.assert_close(two[name], one[name], atol=atol, rtol=0, msg=lambda text: f"{stage} {name}: {text}")
    pretrained = tmp_path / "two" / "pretrain"  # only one of the two logs and saves
    assert len(list((pretrained / "logs").iterdir())) == 1 and not list(pretrained.glob(".*.part.*"))
    assert (pretrained / "run.json").is_file() and (pretrained / "generator.safetensors").is_file()
    assert not (tmp_path / "two" / "warp" / "generator.safetensors").exists()  # refused, see the script


def test_the_shares_of_all_processes_are_the_batch():
    whole = example_order("pretrain", 2, 4, batch_size=4, rows=slice(0, 4))
    shares = [example_order("pretrain", 2, 4, 4, Processes(i, PROCESSES, torch.device("cpu")).rows(4)) for i in range(PROCESSES)]
    assert sorted(sum(shares, [])) == whole and shares[0][:2] == whole[:2] and shares[1][:2] == whole[2:4]


def test_a_batch_that_cannot_be_shared_is_a_clear_line():
    with pytest.raises(EmotalkError, match="a batch of 3 cannot be shared by 2 processes; .* --set batch_size=6"):
        Processes(0, PROCESSES, torch.device("cpu")).rows(replace(TOY_PRESET.train, batch_size=3).batch_size)


def test_the_output_warp_shares_a_batch_in_pairs_for_it_draws_every_second_clip():
    several, alone = Processes(1, PROCESSES, torch.device("cpu")), Processes(0, 1, torch.device("cpu"))
    with pytest.raises(EmotalkError, match="a batch of 6 gives each of 2 processes an odd number of clips, .*; start fewer, .* batch_size=12"):
        several.rows(6, in_pairs=True)
    assert several.rows(8, in_pairs=True) == slice(4, 8) and several.rows(6) == slice(3, 6)
    assert alone.rows(3, in_pairs=True) == slice(0, 3)  # the whole batch, in any case


def launch(folder: Path, *arguments: str) -> None:
    """Run the script in two processes, as a user would."""
    script = folder / "script.py"
    script.write_text(SCRIPT)
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", str(PROCESSES)]
    environment = {**os.environ, "PYTHONPATH": f"{TESTS}:{TESTS.parent}", "OMP_NUM_THREADS": "1"}
    with subprocess.Popen([*command, str(script), *arguments], stderr=subprocess.PIPE, text=True, env=environment) as process:
        try:
            _, said = process.communicate(timeout=600)
        except subprocess.TimeoutExpired:
            process.terminate()  # it ends its workers; killing it would leave them
            raise
    assert process.returncode == 0, said
