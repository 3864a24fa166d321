"""Lip sync: shifted sound is told from aligned sound, on people that SyncNet never saw, painted and real."""

import numpy as np
import pytest
import torch
from scipy.io import wavfile
from scipy.spatial.distance import cdist

from emotalk_lite.errors import EmotalkError
from emotalk_lite.metrics.sync import HELD_OUT, SHIPPED, in_time, lip_sync, shift_distances
from emotalk_lite.metrics.video import _of_sound
from emotalk_lite.models.syncnet import SyncNet, log_mel, mouth_crops, mouth_windows, sound_windows
from emotalk_lite.presets import SAMPLE_RATE, SAMPLES_PER_FRAME


def late(audio: np.ndarray, frames: int) -> np.ndarray:
    """The sound so many frames later; what leaves at one end comes in at the other."""
    return np.roll(audio, frames * SAMPLES_PER_FRAME)


def test_it_finds_how_late_the_sound_of_painted_strangers_is(strangers):
    for clip in [clip for clips in strangers.values() for clip in clips]:
        aligned, shifted = lip_sync(clip.frames, clip.audio), lip_sync(clip.frames, late(clip.audio, 5))
        assert abs(aligned.offset) <= 1 and abs(shifted.offset - 5) <= 1
        assert aligned.confidence > 0.3


def test_it_finds_how_late_the_sound_of_real_clips_is_that_it_was_not_trained_on(clips):
    for clip in (clips[emotion] for emotion in HELD_OUT):
        for shift in (-5, 0, 6):
            assert abs(lip_sync(clip.frames, late(clip.audio, shift)).offset - shift) <= 1


def test_the_distance_of_aligned_sound_is_less_than_that_of_shifted_sound_window_by_window(strangers):
    from emotalk_lite.metrics.sync import embed

    right = []
    for clip in strangers[2001]:
        seen, heard = embed(clip.frames, clip.audio)
        aligned, shifted = (seen - heard).norm(dim=1), (seen - heard.roll(8, dims=0)).norm(dim=1)
        right.append((aligned < shifted).float().mean().item())
    assert np.mean(right) > 0.85


def test_a_frozen_mouth_has_no_confidence(clips):
    clip = clips[HELD_OUT[0]]
    still, speaking = lip_sync(np.repeat(clip.frames[:1], len(clip), axis=0), clip.audio), lip_sync(clip.frames, clip.audio)
    assert still.confidence < 0.06 < 0.2 < speaking.confidence and still.distance > speaking.distance


def test_shifted_distances_are_the_diagonals_of_all_distances():
    seen, heard = torch.randn(2, 20, 8, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    every = cdist(seen.numpy(), heard.numpy())
    assert shift_distances(seen, heard) == pytest.approx([np.diagonal(every, k).mean() for k in range(-10, 11)], abs=1e-9)


def test_mouths_and_sounds_of_a_window_are_of_the_same_fifth_of_a_second():
    frames, speech = np.zeros((12, 128, 128, 3), np.uint8), torch.zeros(12 * SAMPLES_PER_FRAME)
    frames[6], speech[6 * SAMPLES_PER_FRAME : 7 * SAMPLES_PER_FRAME] = 255, torch.randn(SAMPLES_PER_FRAME)
    seen, heard = mouth_windows(mouth_crops(frames)), sound_windows(log_mel(speech))
    for window in range(8):  # of frames window to window + 4
        assert (seen[window].amax(dim=(1, 2)) > 1).tolist() == [window + t == 6 for t in range(5)]
        middle = heard[window].amax(dim=0)[2::4]  # the column in the middle of each frame
        assert (middle > 0).tolist() == [window + t == 6 for t in range(5)]


def test_it_is_small_and_what_is_too_short_is_one_line():
    assert sum(p.numel() for p in SyncNet().parameters()) <= 400_000 and SHIPPED.stat().st_size <= 1_600_000
    with pytest.raises(EmotalkError, match="16 frames is too short"):
        lip_sync(np.zeros((16, 128, 128, 3), np.uint8), np.zeros(6400, np.float32))


def test_a_frozen_mouth_is_not_in_time_even_where_its_best_shift_happens_to_be_none(clips):
    clip = clips["happiness"]
    still = np.repeat(clip.frames[:1], len(clip), axis=0)
    still[:, :40] = np.random.default_rng(0).integers(0, 256, still[:, :40].shape)  # brows move, the mouth does not
    by_luck = lip_sync(still, clip.audio)
    assert by_luck.offset == 0 and not in_time(by_luck, still)
    assert in_time(lip_sync(clip.frames, clip.audio), clip.frames)


def test_the_evaluation_does_not_count_a_frozen_mouth_as_in_time(clips, tmp_path):
    clip = clips["happiness"]
    wavfile.write(tmp_path / "speech.wav", SAMPLE_RATE, clip.audio)  # AAC would change it, and with it the frozen mouth's best shift
    still, moving = (_of_sound(tmp_path / "speech.wav", frames, {}) for frames in (np.repeat(clip.frames[:1], len(clip), axis=0), clip.frames))
    assert (still["in_time"], moving["in_time"]) == (0, 1)
