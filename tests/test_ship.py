"""Putting a checkpoint into the package: what is done by hand is done to the right weights, and the file says so."""

import json
import shutil
import sys

import torch

import ship
from emotalk_lite.checkpoint import load_generator, read_header, save_generator
from emotalk_lite.generate import SHIPPED


def test_what_is_done_by_hand_reaches_its_weights_alone_and_is_written_down(tmp_path, monkeypatch):
    run, out = tmp_path / "run", tmp_path / "shipped.safetensors"
    run.mkdir()
    shutil.copy(SHIPPED, run / "generator.safetensors")
    (run / "run.json").write_text(json.dumps({"device": "a toy"}))
    monkeypatch.setattr(sys, "argv", ["ship.py", str(run), "--motion", "0.5", "--speech", "2", "--opening", "2", "--opened", "1", "--to", str(out)])
    ship.main()
    before, after = load_generator(SHIPPED), load_generator(out)
    n, old, new = before.config.speech_dim, before.state_dict(), after.state_dict()
    changed = {name for name in old if not torch.equal(old[name], new[name])}
    branches = "decoder.warp.motion", "decoder.warp.inside"
    assert changed == {f"{name}.{part}" for name in branches for part in ("fc.weight", "last.weight", "last.bias")}
    for name in branches:
        of_speech, of_rest = old[f"{name}.fc.weight"].split([n, old[f"{name}.fc.weight"].shape[1] - n], dim=1)
        assert torch.equal(new[f"{name}.fc.weight"], torch.cat([2 * of_speech, of_rest], dim=1))
    assert torch.allclose(new[f"{branches[0]}.last.weight"], old[f"{branches[0]}.last.weight"] / 2, atol=1e-6)
    twice = torch.tensor([1.0, 1.0, 1.0, 2.0])  # the opening alone, not the colours
    assert torch.equal(new[f"{branches[1]}.last.weight"], old[f"{branches[1]}.last.weight"] * twice[:, None, None, None])
    wanted = old[f"{branches[1]}.last.bias"] * twice + torch.tensor([0.0, 0.0, 0.0, 1.0])
    assert torch.allclose(new[f"{branches[1]}.last.bias"], wanted, atol=2e-3)
    assert torch.equal(new["decoder.warp.recordings"], old["decoder.warp.recordings"])
    was, now = read_header(SHIPPED), read_header(out)
    assert now["motion"] == was["motion"] + " 0.5" and now["opening"] == was["opening"] + " 2.0" and now["trained_on"] == "a toy"


def test_the_people_that_it_knows_are_drawn_with_the_sound_of_their_films(tmp_path, monkeypatch, sample):
    run, out = tmp_path / "run", tmp_path / "shipped.safetensors"
    run.mkdir()
    generator = load_generator(SHIPPED)
    generator.decoder.warp.recordings = torch.zeros(0, generator.config.speech_dim)
    save_generator(generator, run / "generator.safetensors")
    (run / "run.json").write_text(json.dumps({"device": "a toy"}))
    monkeypatch.setattr(sys, "argv", ["ship.py", str(run), "--people", str(sample.folder), "--to", str(out)])
    ship.main()
    before, after = (load_generator(path).decoder.warp.recordings for path in (SHIPPED, out))
    assert len(after) == 6 and torch.allclose(after, before, atol=2e-2, rtol=1e-2)  # the sums of another machine
