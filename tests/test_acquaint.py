"""Teaching the shipped generator to know somebody: what moves strangers stays as it is."""

import sys

import torch

import acquaint
from emotalk_lite.checkpoint import load_generator, read_header
from emotalk_lite.generate import SHIPPED


def test_only_what_draws_learns(sample, tmp_path, monkeypatch):
    folder = str(sample.folder)
    monkeypatch.setattr(sys, "argv", ["acquaint.py", str(SHIPPED), str(tmp_path), "--people", folder, "--strangers", folder, "--steps", "1"])
    acquaint.main()
    before, after = load_generator(SHIPPED), load_generator(tmp_path)
    changed = {name.split(".")[0] for name, value in after.state_dict().items() if not torch.equal(value, before.state_dict()[name])}
    assert changed == {"image_encoder", "decoder"}
    for kept in ("motion", "inside"):
        branch, same = getattr(before.decoder.warp, kept).state_dict(), getattr(after.decoder.warp, kept).state_dict()
        assert all(torch.equal(branch[name], same[name]) for name in branch)
    steps = [int(read_header(path).get("acquainted", 0)) for path in (SHIPPED, tmp_path / "generator.safetensors")]
    assert steps[1] == steps[0] + 1 and (tmp_path / "run.json").is_file()
