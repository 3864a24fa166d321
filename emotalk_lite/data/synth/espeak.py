"""espeak-ng in a process of its own: sentences in, samples and phoneme times out, both as JSON lines.

Run as a script by `speech`, with the standard library alone, once an actor. espeak-ng carries state from one utterance
to the next (the same sentence said twice differs); a fresh process for each actor makes its bytes depend on the actor alone.

espeak-ng is under the GNU General Public License, version 3; it comes in the package espeakng-loader, an optional extra.
"""

import base64
import ctypes
import json
import sys

RATE, VOLUME, PITCH, RANGE = 1, 2, 3, 4  # espeak_PARAMETER in speak_lib.h, as the constants below
RETRIEVAL, PHONEME_EVENTS, UTF8, CHARACTERS = 1, 1, 1, 1
EVENT_PHONEME = 7


class _Id(ctypes.Union):
    _fields_ = [("number", ctypes.c_int), ("name", ctypes.c_char_p), ("string", ctypes.c_char * 8)]


class _Event(ctypes.Structure):
    _fields_ = [
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),  # milliseconds
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", _Id),
    ]


_Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event))


def start() -> tuple[ctypes.CDLL, int]:
    """The library, and its sample rate in Hz; SystemExit where it does not start."""
    import espeakng_loader

    library = ctypes.CDLL(espeakng_loader.get_library_path())
    rate = library.espeak_Initialize(RETRIEVAL, 0, espeakng_loader.get_data_path().encode(), PHONEME_EVENTS)
    if rate <= 0:
        raise SystemExit("espeak-ng does not start")
    return library, rate


def say(library: ctypes.CDLL, rate: int, request: dict) -> dict:
    """One utterance: {"text", "voice", "rate", "pitch", "range", "volume"} to {"rate", "samples", "phonemes"}.

    "samples" are 16 bits each, in base64; "phonemes" are pairs of a mnemonic and seconds. SystemExit where there is no such voice.
    """
    chunks, phonemes = [], []

    def receive(samples, count, events) -> int:
        if samples and count:
            chunks.append(ctypes.string_at(samples, 2 * count))
        k = 0
        while events[k].type:
            if events[k].type == EVENT_PHONEME:
                phonemes.append((events[k].id.string.decode(), events[k].audio_position / 1000))
            k += 1
        return 0

    callback = _Callback(receive)
    library.espeak_SetSynthCallback(callback)
    if library.espeak_SetVoiceByName(request["voice"].encode()):
        raise SystemExit(f"espeak-ng has no voice '{request['voice']}'")
    for parameter, name in ((RATE, "rate"), (VOLUME, "volume"), (PITCH, "pitch"), (RANGE, "range")):
        library.espeak_SetParameter(parameter, request[name], 0)
    words = request["text"].encode()
    library.espeak_Synth(words, ctypes.c_size_t(len(words) + 1), 0, CHARACTERS, 0, UTF8, None, None)
    library.espeak_Synchronize()
    return {"rate": rate, "samples": base64.b64encode(b"".join(chunks)).decode(), "phonemes": phonemes}


if __name__ == "__main__":
    library, rate = start()
    for line in sys.stdin:
        print(json.dumps(say(library, rate, json.loads(line))), flush=True)
