"""Checks for the book's exercises: not only whether an answer is right, but where to look if it is not.

Each check takes an answer and returns a :class:`Verdict`, which a notebook shows as a sentence. A module for each chapter.
"""

from .ablation import lucky_tables, seeds_needed, simple_effects
from .autoencoder import quantile_grid, share_within, worst_drawn
from .critics import occlusion_map, one_sided_penalty, sum_penalty
from .data import clip_length, eye_mask, stabilised
from .decoder import decoded_in_pieces, phase_taps, skip_once_share
from .emotion import emotion_parameters, noise_between, smooth_noise
from .evaluation import frames_for_the_paper, kernel_mean, without_limit
from .exprgan import code_numbers, pasted_blend, rising_share
from .gan import best_logit, effective_classes, smoothed_critic_loss
from .image import folded_gates, gate_parameters, variance_shares
from .losses import best_stills, blink_loss, mask_growth
from .opinions import careless_raters, paired_interval, raters_for_a_tenth
from .quickstart import mood_swing, quieter_speech, region_change
from .speech import causal_context, lookahead, streamed_features
from .superres import borrowed_detail, dense_block_parameters, guess_errors
from .training import cosine_rate, motion_ratio, steps_of_epochs
from .verdict import Verdict, answers_stubs
from .your_own_face import best_of_nine_lags, marked, mood_keys

__all__ = [
    "Verdict",
    "clip_length", "eye_mask", "stabilised",  # chapter 01
    "best_logit", "effective_classes", "smoothed_critic_loss",  # chapter 02
    "quantile_grid", "share_within", "worst_drawn",  # chapter 03
    "code_numbers", "pasted_blend", "rising_share",  # chapter 04
    "causal_context", "lookahead", "streamed_features",  # chapter 05
    "folded_gates", "gate_parameters", "variance_shares",  # chapter 06
    "emotion_parameters", "noise_between", "smooth_noise",  # chapter 07
    "decoded_in_pieces", "phase_taps", "skip_once_share",  # chapter 08
    "occlusion_map", "one_sided_penalty", "sum_penalty",  # chapter 09
    "best_stills", "blink_loss", "mask_growth",  # chapter 10
    "cosine_rate", "motion_ratio", "steps_of_epochs",  # chapter 11
    "best_of_nine_lags", "marked", "mood_keys",  # chapter 12
    "borrowed_detail", "dense_block_parameters", "guess_errors",  # chapter 13
    "frames_for_the_paper", "kernel_mean", "without_limit",  # chapter 14
    "careless_raters", "paired_interval", "raters_for_a_tenth",  # chapter 15
    "lucky_tables", "seeds_needed", "simple_effects",  # chapter 16
    "mood_swing", "quieter_speech", "region_change",  # chapter 00
]

for _name in set(__all__) - {"Verdict"}:
    globals()[_name] = answers_stubs(globals()[_name])
