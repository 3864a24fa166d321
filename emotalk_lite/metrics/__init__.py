"""How good a generated video is, in numbers."""
