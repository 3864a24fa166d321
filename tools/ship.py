"""Put a trained generator into the package: python tools/ship.py RUN_FOLDER

Writes emotalk_lite/weights/portrait.safetensors in half precision (half the size; frames change by less than one grey
level). Afterwards measure it (benchmarks/portrait.py) and bring its card, emotalk_lite/weights/portrait.md, up to date.
"""

import json
import sys
from pathlib import Path

from emotalk_lite.checkpoint import load_generator, read_header, save_generator
from emotalk_lite.generate import SHIPPED

run = Path(sys.argv[1])
generator = load_generator(run).half()
known = ("format", "config")  # written anew
about = {name: value for name, value in read_header(run / "generator.safetensors").items() if name not in known}
about["trained_on"] = json.loads((run / "run.json").read_text())["device"]
save_generator(generator, SHIPPED, **about)
print(f"{SHIPPED}: {SHIPPED.stat().st_size / 1e6:.1f} MB")
