"""Faces found, tracked and aligned: real clips, a real portrait, and pictures that must be refused."""

import numpy as np
import pytest
from PIL import Image

from emotalk_lite.data import align, faces, media
from emotalk_lite.data.align import TEMPLATE, align_face, similarity_transform, transform_points, warp
from emotalk_lite.errors import EmotalkError

EYES = TEMPLATE[:2] * 128


@pytest.fixture(scope="module")
def filmed(sample):
    """Ten frames of the clip in which the head moves most, 480 x 360 cut to 240 x 240 around the face."""
    return media.read_video(sample.raw_path(sample.clips[3])).frames[:10, 20:260, 100:340]


def test_the_eyes_are_within_a_pixel_of_the_template_on_average(clips):
    off = [np.linalg.norm(clip.eye_centres.mean(axis=0) - EYES, axis=-1).mean() for clip in clips.values()]
    assert np.mean(off) < 1


def test_head_motion_stays_in_the_clip(clips):
    assert clips["happiness"].landmarks[:, 2, 1].std() > 2  # the nose nods; aligning every frame would remove that


def test_the_whole_face_is_in_the_picture(clips):
    for clip in clips.values():
        assert clip.landmarks.min() > 128 * 0.25 and clip.landmarks.max() < 128 * 0.8
        assert (clip.landmarks[:, 0, 0] < clip.landmarks[:, 1, 0]).all()  # left is left
        assert (clip.landmarks[:, 0, 1] < clip.landmarks[:, 3, 1]).all()  # the mouth is below


def test_prepared_frames_hold_the_faces_where_the_landmarks_say(clips):
    clip = clips["neutral"]
    found = faces.detect_faces(clip.frames[0])
    assert len(found.boxes) == 1
    assert np.linalg.norm(found.points[0] - clip.landmarks[0], axis=-1).mean() < 2


def test_tracking_agrees_with_the_whole_cascade_and_is_steadier(filmed):
    tracked = faces.track_landmarks(filmed)
    cascade = np.stack([faces.detect_faces(frame).points[0] for frame in filmed])
    assert np.linalg.norm(tracked - cascade, axis=-1).mean() < 1.8  # pixels of 480 x 360; the cascade's own noise: 1
    assert np.abs(np.diff(tracked, axis=0)).mean() < np.abs(np.diff(cascade, axis=0)).mean()


def test_tracking_bridges_a_frame_without_a_face(filmed):
    covered = filmed.copy()
    covered[4:5] = 0
    many = np.concatenate([covered] * 2)
    points = faces.track_landmarks(many)
    assert np.linalg.norm(points[4] - faces.track_landmarks(filmed)[4], axis=-1).max() < 6


def test_tracking_without_a_face_is_refused(filmed):
    with pytest.raises(EmotalkError, match="no face"):
        faces.track_landmarks(np.zeros_like(filmed))
    half = filmed.copy()
    half[3:8] = 0
    with pytest.raises(EmotalkError, match="no face on 5 of the clip's 10 frames"):
        faces.track_landmarks(half)


def test_a_similarity_is_recovered_exactly():
    angle, scale, shift = 0.3, 1.7, np.array([12.0, -5.0])
    rotation = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    points = (TEMPLATE * 128 - shift) @ np.linalg.inv(rotation).T
    matrix = similarity_transform(points)
    assert np.allclose(matrix[:, :2], rotation, atol=1e-5) and np.allclose(matrix[:, 2], shift, atol=1e-3)
    assert np.allclose(transform_points(points, matrix), TEMPLATE * 128, atol=1e-3)


def test_no_other_similarity_fits_better():
    rng = np.random.default_rng(0)
    points = TEMPLATE * 100 + rng.normal(0, 4, (5, 2))
    best = similarity_transform(points)

    def cost(matrix):
        return (align.WEIGHTS[:, None] * (transform_points(points, matrix) - TEMPLATE * 128) ** 2).sum()

    for _ in range(100):
        a, b, x, y = rng.normal(0, 0.01, 4) * [1, 1, 50, 50]
        assert cost(best + np.array([[a, -b, x], [b, a, y]])) >= cost(best)


def test_warping_moves_a_pixel_where_the_matrix_says():
    picture = np.zeros((1, 60, 80, 3), np.uint8)
    picture[0, 20:23, 30:33] = 255  # centre (31, 21)
    matrix = np.array([[2.0, 0, 3], [0, 2.0, 5]])
    warped = warp(picture, matrix)[0, ..., 0].astype(float)
    y, x = np.mgrid[:128, :128]
    assert np.allclose([np.average(x, weights=warped), np.average(y, weights=warped)], [65, 47], atol=0.05)


@pytest.mark.parametrize("scale", [0.5, 0.1, 0.03])
def test_shrinking_averages_instead_of_aliasing(scale):
    stripes = np.zeros((1, 400, 400, 3), np.uint8)
    stripes[:, :, ::2] = 255  # finer than any output pixel: must become even grey
    middle = warp(stripes, np.array([[scale, 0, 0], [0, scale, 0]]), size=int(400 * scale))[0, 2:-2, 2:-2]
    assert np.abs(middle.astype(int) - 127).max() < 30


def test_outside_the_picture_the_border_is_repeated():
    picture = np.full((1, 40, 40, 3), 90, np.uint8)
    assert (warp(picture, np.array([[1.0, 0, 40], [0, 1.0, 40]])) == 90).all()


def test_a_portrait_is_aligned_like_the_clips(portrait):
    face = align_face(portrait)
    assert face.image.shape == (128, 128, 3) and face.image.dtype == np.uint8
    assert np.linalg.norm(face.landmarks[:2] - EYES, axis=-1).max() < 3
    assert np.allclose(face.image, warp(portrait[None], face.matrix)[0])


@pytest.mark.parametrize("size", [300, 1100, 3000])
def test_the_size_of_the_picture_does_not_matter(portrait, size):
    face = align_face(Image.fromarray(portrait).resize((size, size), Image.Resampling.LANCZOS))
    reference = align_face(portrait)
    assert np.linalg.norm(face.landmarks - reference.landmarks, axis=-1).max() < 3
    inner = np.s_[20:108, 20:108]
    assert np.corrcoef(face.image[inner].ravel(), reference.image[inner].ravel())[0, 1] > 0.9


def test_a_tightly_cropped_portrait_still_works(portrait):
    assert align_face(portrait[60:200, 150:290]).image.shape == (128, 128, 3)


def test_someone_small_in_the_background_does_not_matter(portrait):
    bystander = np.array(Image.fromarray(portrait).resize((180, 180)))
    scene = np.concatenate([portrait, np.pad(bystander, ((0, 332), (0, 0), (0, 0)))], axis=1)
    assert np.linalg.norm(align_face(scene).landmarks - align_face(portrait).landmarks, axis=-1).max() < 3


@pytest.mark.parametrize("count", [2, 3])
def test_several_people_are_refused(portrait, count):
    with pytest.raises(EmotalkError, match=f"{count} faces found; crop it to the one that should speak, with hair, chin and some room around"):
        align_face(np.concatenate([portrait] * count, axis=1))


def test_a_face_that_is_too_small_is_refused_with_its_size(portrait):
    with pytest.raises(EmotalkError, match=r"the face is \d\d pixels high, 48 are needed"):
        align_face(np.array(Image.fromarray(portrait).resize((150, 150))))


@pytest.mark.parametrize(
    "picture",
    [
        np.zeros((200, 200, 3), np.uint8),
        np.full((200, 200, 3), 255, np.uint8),
        np.random.default_rng(0).integers(0, 255, (200, 200, 3), np.uint8),
        np.zeros((3, 3, 3), np.uint8),
        np.zeros((1, 3000, 3), np.uint8),
        np.tile(np.arange(256, dtype=np.uint8)[None, :, None], (256, 1, 3)),
    ],
)
def test_a_picture_without_a_face_is_refused(picture):
    with pytest.raises(EmotalkError, match="no face found"):
        align_face(picture)


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_a_face_that_is_found_upside_down_or_on_its_side_is_refused(sample, quarters, tmp_path):
    frame = media.read_video(sample.raw_path(sample.clips[0])).frames[0]
    Image.fromarray(np.rot90(frame, quarters)).save(tmp_path / "lying.png")
    assert len(faces.detect_faces(np.ascontiguousarray(np.rot90(frame, quarters))).boxes)  # else it would be no face at all
    with pytest.raises(EmotalkError, match="lying.png: the face lies on its side or upside down; turn the picture upright"):
        align_face(tmp_path / "lying.png")


def test_a_doubtful_face_that_stands_upright_is_taken(clips):
    covered = clips["neutral"].frames[0].copy()
    covered[44:60, 36:92] = 10  # dark glasses
    found = faces.detect_faces(covered)
    score = faces.refine(covered[None], faces.square(found.boxes[:1]))[0][0]
    assert score < align.DOUBTFUL and align_face(covered).image.shape == (128, 128, 3)


def test_below_a_face_without_a_chin_are_no_stripes(portrait):
    close = portrait[40:165, 130:310]
    face = align_face(close)
    striped, inside = warp(close[None], face.matrix)[0], align.covered(close.shape[:2], face.matrix)
    assert face.missing == 1 - inside.mean() > align.ROOM
    assert (face.image[inside] == striped[inside]).all()
    last = np.flatnonzero(inside.any(axis=1))[-1]
    soft, stripes = (np.abs(np.diff(image[last + 10].astype(int), axis=0)).max() for image in (face.image, striped))
    assert soft < 10 and stripes > 60  # grey levels from one pixel to the next
    rows = np.abs(np.diff(face.image[last - 5 : last + 10].astype(int), axis=0)).mean(axis=(1, 2))
    assert rows.max() < 10  # grey levels from one row to the next: where the picture ends is no seam, which were 15


@pytest.mark.parametrize("first, softened", [(0, False), (10, False), (20, True)])
def test_only_where_much_is_missing_is_anything_but_the_border_repeated(clips, first, softened):
    picture = clips["neutral"].frames[0][:, first:]
    face = align_face(picture)
    assert face.missing > 0 and (face.missing > align.ROOM) == softened
    assert (face.image == warp(picture[None], face.matrix)[0]).all() == (not softened)


def test_a_portrait_with_room_misses_nothing(portrait):
    assert align_face(portrait).missing == 0
