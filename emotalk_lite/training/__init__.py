"""Training in three stages: `train` is the loop, its neighbours are what it calls."""
