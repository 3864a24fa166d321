"""A Sphinx directive, ``{speed-table}``: how fast the package's parts are, from the measurements in results/."""

from __future__ import annotations

import json
from pathlib import Path

from docutils import nodes
from placing import place
from sphinx.util.docutils import SphinxDirective

HEAD = ["| what | measured | on | how |", "|---|---|---|---|"]
# A measurement's name, what was measured, and the sentence that its numbers fill; what was not measured has no row
ROWS = (
    ("bench_generate", "drawing a face, `cuda` preset", "{presets[cuda][forward][frames_per_second]} frames a second,"
     " {presets[cuda][forward][ratio]} times the plain formulation's"),
    ("bench_generate", "learning, `cuda` preset", "{presets[cuda][training_step][frames_per_second]} frames a second,"
     " {presets[cuda][training_step][ratio]} times the plain formulation's"),
    ("bench_generate", "drawing a face, `cpu` preset", "{presets[cpu][forward][frames_per_second]} frames a second"),
    ("bench_generate", "learning, `cpu` preset", "{presets[cpu][training_step][frames_per_second]} frames a second"),
    ("bench_generate_cuda", "drawing a face, `cuda` preset", "{presets[cuda][forward][frames_per_second]} frames a second,"
     " {presets[cuda][forward][ratio]} times the plain formulation's, in {presets[cuda][forward][memory_ratio]} times less memory"),
    ("bench_generate_cuda", "learning, `cuda` preset", "{presets[cuda][training_step][frames_per_second]} frames a second,"
     " {presets[cuda][training_step][ratio]} times the plain formulation's, in {presets[cuda][training_step][memory_ratio]} times less memory"),
    ("bench_stages", "steps of training, `p100` preset, one batch again and again (reading clips is not counted)", "{steps_per_second[critic]} a second of the critic's stage,"
     " {steps_per_second[pretrain]} of pretraining, {steps_per_second[joint]} of the joint stage"),
    ("bench_prepare", "preparing real clips, one process", "{frames_per_second[prepare]} frames a second,"
     " {prepare_over_plain_cascade} times what MTCNN alone does on every frame"),
    ("bench_synth", "painting synthetic people", "{frames_per_second[by default]} frames a second, {frames_per_second[one process]}"
     " by one process; MTCNN finds the face in {mtcnn[found]:.1%} of {mtcnn[looked_at]} frames"),
    ("bench_superres", "enlarging four times, `fast`", "{fast[frames_per_second][1 threads]} frames a second on one thread, {fast[frames_per_second][2 threads]} on two; on a slower machine {command[frames_per_second_of_the_network_alone]},"
     " and {command[frames_per_second]} as a command, from file to file;"
     " {gpu[frames_per_second][fast, float32]:.0f} on an {gpu[hardware]}"),
    ("bench_superres", "enlarging four times, `realesrgan`", "{seconds_a_frame[ours]} s a frame;"
     " {gpu[frames_per_second][realesrgan, float32]:.0f} frames a second on an {gpu[hardware]}"),
    ("bench_frechet", "Fréchet distance of 2,000 against 2,000 frames", "{seconds:.0f} s"),
)  # fmt: skip


def table(folder: Path) -> list[str]:
    """The table's lines in Markdown, from the measurements in ``folder``."""
    lines = list(HEAD)
    for name, what, sentence in ROWS:
        if (path := folder / f"{name}.json").is_file():
            found = json.loads(path.read_text(encoding="utf-8"))
            script = "`emotalk bench`" if name.startswith("bench_generate") else f"`benchmarks/{name.removeprefix('bench_')}.py`"
            lines.append(f"| {what} | {sentence.format_map(found)} | {found['hardware']}, {found['date']} | {script} |")
    return lines


class SpeedTable(SphinxDirective):
    """Puts the table where it stands."""

    def run(self) -> list[nodes.Node]:
        """From the measurements."""
        folder = Path(self.env.srcdir) / "results"
        return place(self, table(folder), folder.glob("bench_*.json"))


def setup(app) -> dict[str, bool]:
    """Called by Sphinx."""
    app.add_directive("speed-table", SpeedTable)
    return {"parallel_read_safe": True}
