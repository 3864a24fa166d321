"""Real clips in, tensors' raw material out: media files, faces, masks and prepared clips."""

from .. import compat

compat.apply()  # the only call: every import of torchvision or torchaudio in this package comes after it
