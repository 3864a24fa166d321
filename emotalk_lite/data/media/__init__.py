"""Every media file in and out, through PyAV (ffmpeg with its codecs inside the wheel).

Video comes in as frames with their timestamps, and goes to 25 frames a second by those timestamps; speech comes
in at its own rate, and goes to 8 kHz mono through a low-pass filter. Generated video goes out as H.264 + AAC.
"""

from .decode import Audio, Video, read_audio, read_video
from .encode import AAC_RATES, LAYOUTS, write_video
from .resample import SILENCE, NoSound, fit_to_frames, n_frames, normalise, resample_times, speech_input, to_mono_8k, within_range

__all__ = [
    "AAC_RATES",
    "Audio",
    "LAYOUTS",
    "NoSound",
    "SILENCE",
    "Video",
    "fit_to_frames",
    "n_frames",
    "normalise",
    "read_audio",
    "read_video",
    "resample_times",
    "speech_input",
    "to_mono_8k",
    "within_range",
    "write_video",
]
