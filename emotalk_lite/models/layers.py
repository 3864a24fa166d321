"""What the layers of all networks here have in common."""

SLOPE = 0.2  # of every leaky ReLU (the paper; Wang et al. 2018 in their code; Isola et al. 2017)
