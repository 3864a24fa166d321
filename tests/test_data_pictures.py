"""Every ordinary kind of picture becomes 8-bit RGB, and what is no picture is one clear line."""

import numpy as np
import pytest
from PIL import Image

from emotalk_lite.data.pictures import read_image
from emotalk_lite.errors import EmotalkError


def close(picture, reference, tolerance=6):
    return np.abs(picture.astype(int) - reference).mean() < tolerance


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.webp", "a.bmp", "a.tiff"])
def test_formats(tmp_path, portrait, name):
    Image.fromarray(portrait).save(tmp_path / name)
    read = read_image(tmp_path / name)
    assert read.dtype == np.uint8 and read.shape == portrait.shape and close(read, portrait)


@pytest.mark.parametrize("mode", ["L", "P", "CMYK", "1"])
def test_modes(tmp_path, portrait, mode):
    Image.fromarray(portrait).convert(mode).save(tmp_path / "a.tiff")
    read = read_image(tmp_path / "a.tiff")
    assert read.shape == portrait.shape and np.corrcoef(read.ravel(), portrait.ravel())[0, 1] > 0.5


def test_transparency_is_laid_on_white(tmp_path, portrait):
    alpha = np.zeros(portrait.shape[:2], np.uint8)
    alpha[100:300] = 255
    for name in ("a.png", "a.webp"):
        Image.fromarray(np.dstack([portrait, alpha])).save(tmp_path / name, lossless=True)
        read = read_image(tmp_path / name)
        assert (read[:100] == 255).all() and close(read[100:300], portrait[100:300], 2)
    grey = Image.fromarray(portrait).convert("L")
    grey.putalpha(Image.fromarray(alpha))
    grey.save(tmp_path / "la.png")
    assert (read_image(tmp_path / "la.png")[:100] == 255).all()


def test_16_bit(tmp_path, portrait):
    grey = np.asarray(Image.fromarray(portrait).convert("L"))
    Image.fromarray(grey.astype(np.uint16) * 257).save(tmp_path / "a.png")
    assert (read_image(tmp_path / "a.png")[..., 0] == grey).all()
    Image.fromarray((grey / 255).astype(np.float32)).save(tmp_path / "a.tiff")
    assert close(read_image(tmp_path / "a.tiff")[..., 0], grey, 1)


@pytest.mark.parametrize("orientation, turn", [(1, 0), (3, 2), (6, 1), (8, 3)])
def test_the_cameras_rotation_is_undone(tmp_path, portrait, orientation, turn):
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(np.rot90(portrait, turn)).save(tmp_path / "a.jpg", exif=exif)
    assert close(read_image(tmp_path / "a.jpg"), portrait)


def test_arrays(portrait):
    assert (read_image(portrait) == portrait).all()
    assert (read_image(portrait / 255) == portrait).all()
    assert (read_image(portrait.astype(np.uint16) * 257) == portrait).all()
    assert read_image(portrait[..., 0]).shape == portrait.shape
    assert read_image(portrait[..., :1]).shape == portrait.shape
    opaque = np.dstack([portrait, np.full(portrait.shape[:2], 255, np.uint8)])
    assert (read_image(opaque) == portrait).all()
    for wrong in (np.zeros((2, 3, 5, 3), np.uint8), np.zeros((4, 4, 3), np.int64), np.zeros((0, 4, 3), np.uint8)):
        with pytest.raises(EmotalkError, match="a picture (has the shape|is uint8)"):
            read_image(wrong)


def test_20_megapixels(tmp_path):
    Image.new("RGB", (5500, 3700), "grey").save(tmp_path / "a.jpg")
    assert read_image(tmp_path / "a.jpg").shape == (3700, 5500, 3)


@pytest.mark.parametrize("side", [11000, 30000])
def test_a_decompression_bomb_is_refused_before_it_is_unpacked(tmp_path, side):
    path = tmp_path / "bomb.png"
    Image.new("1", (side, side)).save(path)
    assert path.stat().st_size < 2e6
    with pytest.raises(EmotalkError, match=r"megapixels.*; scale it down"):
        read_image(path)


def test_what_is_no_picture(tmp_path, portrait):
    Image.fromarray(portrait).save(tmp_path / "whole.png")
    whole = (tmp_path / "whole.png").read_bytes()
    contents = {"text.png": b"hello", "empty.jpg": b"", "cut.png": whole[: len(whole) // 2]}
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(EmotalkError) as error:
            read_image(tmp_path / name)
        assert str(error.value).startswith(f"{tmp_path / name}: ") and "\n" not in str(error.value)
    for path in (tmp_path, tmp_path / "none.png"):
        with pytest.raises(EmotalkError):
            read_image(path)


def test_an_iphones_picture_is_called_what_it_is(tmp_path):
    (tmp_path / "me.heic").write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic")
    with pytest.raises(EmotalkError, match="me.heic: is HEIC, as iPhones take pictures; give a PNG, JPEG or WebP"):
        read_image(tmp_path / "me.heic")


def test_floats_that_were_never_divided_by_255_are_refused_and_not_white(portrait):
    with pytest.raises(EmotalkError, match=r"is in \[0, 1\], this one reaches 255; divide 0 to 255 by 255"):
        read_image(portrait.astype(np.float32))
    rounded = portrait / 255 * (1 + 5e-4)
    assert close(read_image(rounded), portrait, 1)


def test_an_array_of_too_many_pixels_is_refused_like_a_file():
    with pytest.raises(EmotalkError, match="has 121 megapixels, more than 100; scale it down"):
        read_image(np.broadcast_to(np.uint8(0), (11000, 11000)))


def test_a_truncated_pillow_image_is_one_line(tmp_path, portrait):
    Image.fromarray(portrait).save(tmp_path / "whole.jpg")
    whole = (tmp_path / "whole.jpg").read_bytes()
    (tmp_path / "cut.jpg").write_bytes(whole[: len(whole) // 2])
    with Image.open(tmp_path / "cut.jpg") as picture, pytest.raises(EmotalkError, match="the picture cannot be read .*; give an undamaged one") as error:
        read_image(picture)
    assert "\n" not in str(error.value)


def test_an_empty_file_is_called_empty(tmp_path):
    (tmp_path / "empty.png").touch()
    with pytest.raises(EmotalkError, match="empty.png: is empty; get the file again"):
        read_image(tmp_path / "empty.png")


def test_a_name_too_long_for_the_file_system_is_one_line():
    with pytest.raises(EmotalkError, match="cannot be read .*; check the path") as error:
        read_image(300 * "a" + ".png")
    assert "\n" not in str(error.value)
