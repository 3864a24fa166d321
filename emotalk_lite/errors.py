"""The one exception that a user of emotalk_lite is meant to read."""


class EmotalkError(Exception):
    """Something the user can put right.

    The message is one line: what is wrong, then what to do about it. The command line prints it as
    ``emotalk: <message>`` and exits with status 2.

    >>> raise EmotalkError("speech.wav is empty; record something first")
    Traceback (most recent call last):
    emotalk_lite.errors.EmotalkError: speech.wav is empty; record something first
    """
