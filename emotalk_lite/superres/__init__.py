"""Super-resolution: pictures and films with four times as many pixels in each direction.

* `weights.py`: the networks and where their weights come from
* `tiles.py`: frames through a network, tile by tile
* `steady.py`: what stands still in a film stands still when it is enlarged
* `files.py`: picture and video files
* `degradation.py`, `camera.py`: from sharp pictures to what a network has to repair
* `training.py`: least error first, then a critic
"""

from .files import upscale_file
from .tiles import upscale
from .weights import UPSCALERS, load_upscaler, save_rrdb

__all__ = ["UPSCALERS", "load_upscaler", "save_rrdb", "upscale", "upscale_file"]
