"""Any ordinary still picture as 8-bit RGB."""

import os
import warnings

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from ..errors import EmotalkError
from ..paths import check_readable

LARGEST = 100  # megapixels; more needs gigabytes to decode and is no portrait
OVERSHOOT = 1e-3  # of float values above 1: what rounding leaves


def read_image(image: str | os.PathLike | Image.Image | np.ndarray) -> np.ndarray:
    """Read a picture the way a viewer shows it.

    The camera's EXIF rotation is applied, transparency is laid on white, greyscale, palette, CMYK and 16-bit
    pictures become 8-bit RGB. Of an animation, the first picture is taken.

    Args:
        image: a path (PNG, JPEG, WebP and whatever else Pillow reads), a Pillow image, or an array (H, W),
            (H, W, 1), (H, W, 3) or (H, W, 4): uint8, uint16, or float in [0, 1].

    Returns:
        uint8 (H, W, 3) RGB.

    Raises:
        EmotalkError: no such file, an empty one, not a picture, damaged, of more than 100 megapixels, or an array of another
            shape, type or range.

    >>> read_image(np.zeros((4, 6), np.uint16)).shape
    (4, 6, 3)
    >>> read_image("no_such_face.png")
    Traceback (most recent call last):
    emotalk_lite.errors.EmotalkError: no_such_face.png: no such file; check the path
    """
    if isinstance(image, np.ndarray):
        return _to_rgb(_from_array(image))
    if isinstance(image, Image.Image):
        _check_size("the picture", image.width, image.height)
        try:
            return _to_rgb(ImageOps.exif_transpose(image))
        except (OSError, SyntaxError, ValueError) as error:  # Pillow decodes a file only now
            raise EmotalkError(f"the picture cannot be read ({error}); give an undamaged one") from error

    path = check_readable(image)
    if path.is_file() and path.stat().st_size == 0:
        raise EmotalkError(f"{path}: is empty; get the file again")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # we have our own, lower limit
            with Image.open(path) as picture:
                _check_size(str(path), picture.width, picture.height)
                return _to_rgb(ImageOps.exif_transpose(picture))
    except Image.DecompressionBombError as error:
        raise EmotalkError(f"{path}: has more than {LARGEST} megapixels; scale it down") from error
    except UnidentifiedImageError as error:
        what = "is HEIC, as iPhones take pictures" if path.suffix.lower() in (".heic", ".heif") else "is not a picture"
        raise EmotalkError(f"{path}: {what}; give a PNG, JPEG or WebP") from error
    except (OSError, SyntaxError, ValueError) as error:  # what Pillow raises on damaged data
        raise EmotalkError(f"{path}: cannot be read ({error}); give an undamaged PNG, JPEG or WebP") from error


def _check_size(name: str, width: int, height: int) -> None:
    megapixels = width * height / 1e6
    if megapixels > LARGEST:
        raise EmotalkError(f"{name}: has {megapixels:.0f} megapixels, more than {LARGEST}; scale it down")


def _from_array(array: np.ndarray) -> Image.Image:
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[..., 0]
    if array.size == 0 or not (array.ndim == 2 or (array.ndim == 3 and array.shape[2] in (3, 4))):
        raise EmotalkError(f"a picture has the shape (H, W), (H, W, 3) or (H, W, 4), not {array.shape}; rearrange it")
    _check_size("the picture", array.shape[1], array.shape[0])
    if np.issubdtype(array.dtype, np.floating):
        array = np.nan_to_num(array, posinf=1, neginf=0)
        if array.max() > 1 + OVERSHOOT:
            raise EmotalkError(f"a float picture is in [0, 1], this one reaches {array.max():g}; divide 0 to 255 by 255")
        array = (array.clip(0, 1) * 255).round().astype(np.uint8)
    elif array.dtype == np.uint16:
        array = (array // 257).astype(np.uint8)
    elif array.dtype != np.uint8:
        raise EmotalkError(f"a picture is uint8, uint16 or float in [0, 1], not {array.dtype}; convert it")
    return Image.fromarray(array)


def _to_rgb(picture: Image.Image) -> np.ndarray:
    if picture.mode.startswith("I;16"):
        picture = _from_array(np.asarray(picture).astype(np.uint16))
    elif picture.mode in ("I", "F"):  # Pillow keeps 16-bit greys of some formats in 32 bits; F is any scale
        values = np.asarray(picture, np.float64)
        top = 65535 if values.max() > 255 else 255 if values.max() > 1 else 1
        picture = _from_array((values / top).clip(max=1))
    if picture.has_transparency_data:
        picture = picture.convert("RGBA")
        white = Image.new("RGBA", picture.size, "white")
        picture = Image.alpha_composite(white, picture)
    return np.asarray(picture.convert("RGB"))
