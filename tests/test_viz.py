"""What the chapters show: small, labelled, alive."""

import io
import re
from datetime import UTC, datetime

import numpy as np
import pytest
import torch
from PIL import Image
from talk_inputs import checkpoint, speech, speech_file  # noqa: F401

from emotalk_lite import viz
from emotalk_lite.data.media import read_audio, read_video
from emotalk_lite.emotions import EMOTIONS
from emotalk_lite.clip import Clip
from emotalk_lite.generate import talk
from emotalk_lite.metrics.motion import (
    MOUTH,
    REGIONS,
    difference_map,
    lagged_correlation,
    mouth_opening,
    region_means,
    speech_envelope,
)


@pytest.fixture(scope="module")
def real_clips(clips, sample):
    """The six real clips of actor 1001 with their sound, in place of generated ones: as hard to compress."""
    return {
        entry.emotion: Clip(clips[entry.emotion].frames, *read_audio(sample.raw_path(entry)), emotion=None)
        for entry in sample.clips
    }


def test_six_clips_side_by_side_play_in_one_small_video(real_clips, tmp_path):
    grid = viz.side_by_side(real_clips)
    assert len(grid.frames) == max(len(clip.frames) for clip in real_clips.values())
    html = viz.show_video(grid, alt='six faces say "jacket"', width=640).data
    assert len(html) <= 300_000
    assert 'aria-label="six faces say &quot;jacket&quot;"' in html and 'width="640"' in html
    saved = grid.save(tmp_path / "grid.mp4")
    assert read_video(saved).frames.shape == grid.frames.shape
    assert read_audio(saved).rate == real_clips["anger"].sample_rate


def test_every_tile_of_the_grid_shows_its_clip_and_its_label(real_clips):
    grid = viz.side_by_side(real_clips, columns=3, tile=128).frames
    band = grid.shape[1] // 2 - 128
    for place, clip in enumerate(real_clips.values()):
        top, left = place // 3 * (128 + band) + band, place % 3 * 128
        np.testing.assert_array_equal(grid[10, top : top + 128, left : left + 128], clip.frames[10])
        np.testing.assert_array_equal(grid[-1, top : top + 128, left : left + 128], clip.frames[-1])
        assert grid[0, top - band : top, left : left + 128].max() > 200  # white letters
    assert len({grid[0, :band, left : left + 128].tobytes() for left in (0, 128, 256)}) == 3


def test_stills_are_small_jpegs(real_clips):
    strip = viz.film_strip({name: clip.frames for name, clip in real_clips.items()})
    shown = viz.picture(strip, width=600)
    assert Image.open(io.BytesIO(shown.data)).format == "JPEG" and Image.open(io.BytesIO(shown.data)).size == strip.size
    assert len(shown.data) < 150_000


def test_a_difference_is_found_where_it_is():
    a = np.zeros((3, 128, 128, 3), np.uint8)
    b = a.copy()
    x1, y1, x2, y2 = REGIONS["mouth"]
    b[:, y1:y2, x1:x2] = 90
    assert region_means(difference_map(a, b)) == {"brows": 0, "eyes": 0, "mouth": 90, "elsewhere": 0}
    heat = np.array(viz.difference_figure(a, b, ("still", "moving"), tile=128))[32:160, -134:-6]
    assert heat[(y1 + y2) // 2, (x1 + x2) // 2].min() > 150 and heat[5, 5].max() < 10


def test_regions_lie_on_the_real_faces_parts(clips):
    """Brows above the eyes, eyes and mouth around MTCNN's points, for nearly every frame of every clip."""
    for name, points in {"eyes": [0, 1], "mouth": [3, 4]}.items():
        x1, y1, x2, y2 = REGIONS[name]
        found = np.concatenate([clip.landmarks[:, points].reshape(-1, 2) for clip in clips.values()])
        assert ((found > (x1, y1)) & (found < (x2, y2))).all(axis=1).mean() > 0.95
    assert np.abs(np.concatenate([c.mouth_centre for c in clips.values()]).mean(axis=0) - MOUTH).max() < 3


def test_the_real_mouth_opens_with_the_real_speech_and_not_with_the_speech_backwards(clips):
    forwards, backwards = [], []
    for clip in clips.values():
        envelope, opening = speech_envelope(clip.audio), mouth_opening(clip.frames)
        forwards.append(lagged_correlation(opening, envelope)[0])
        backwards.append(lagged_correlation(opening, envelope[::-1])[0])
    assert min(forwards) > 0.4 and np.mean(forwards) > np.mean(backwards) + 0.2


def test_the_mouth_figure_draws_both_curves():
    flat, rising = np.full(40, 0.2), np.linspace(0, 0.3, 40)
    pictures = {viz.mouth_figure(a, b).tobytes() for a in (flat, rising) for b in (flat, rising)}
    assert len(pictures) == 4


def test_the_blender_holds_a_picture_for_every_stop_and_needs_no_kernel(portrait, speech, checkpoint):
    second = speech.samples[:, speech.rate : 2 * speech.rate], speech.rate
    box = viz.emotion_blender(portrait, second, "happiness", "sadness", checkpoint=checkpoint, stops=4, columns=3)
    stack, controls = box.children
    slider = controls.children[1]
    assert (slider.options, stack.selected_index) == (("0%", "33%", "67%", "100%"), 0)
    assert len({image.value for image in stack.children}) == len(stack.children) == 4
    assert sum(len(image.value) for image in stack.children) < 200_000


def test_the_blender_offers_several_ends_whose_common_start_travels_once(portrait, speech, checkpoint):
    second = speech.samples[:, speech.rate : 2 * speech.rate], speech.rate
    choice, slider, stacks = viz.emotion_blender(
        portrait, second, "happiness", "sadness", "fear", checkpoint=checkpoint, stops=3, columns=3
    ).children
    assert (choice.description, choice.options, slider.options) == ("to", ("sadness", "fear"), ("0%", "50%", "100%"))
    to_sadness, to_fear = (stack.children for stack in stacks.children)
    assert to_sadness[0] is to_fear[0] and len({image.value for image in (*to_sadness, *to_fear)}) == 5


def test_the_panel_talks_when_the_button_is_pressed_and_says_what_is_wrong(portrait, speech, checkpoint):
    second = speech.samples[:, speech.rate : 2 * speech.rate], speech.rate
    panel = viz.talk_panel(
        {"astronaut": portrait, "nobody": np.zeros((200, 200, 3), np.uint8)}, {"angry": second}, checkpoint=checkpoint
    )
    (face, own_face), (speech_menu, own_voice) = (row.children for row in panel.children[:2])
    sliders, button, result = panel.children[2:]

    def shown() -> str:
        return result.children[0].value

    assert "need a running kernel" in shown()
    weights = {slider.description: slider for column in sliders.children for slider in column.children}
    assert tuple(weights) == EMOTIONS
    weights["sadness"].value = 1.0  # happiness is at 1: together they are scaled to a half each
    button.click()
    assert "<video controls" in shown() and "happiness 0.5 and sadness 0.5" in shown()
    expected = talk(portrait, second, [0, 0, 0, 0.5, 0, 0.5], checkpoint=checkpoint)._repr_html_()
    assert re.search('src="([^"]+)', shown()).group(1) == re.search('src="([^"]+)', expected).group(1)
    face.value = "nobody"
    button.click()
    assert "no face found" in shown() and not button.disabled

    picture = io.BytesIO()
    Image.fromarray(portrait).save(picture, "PNG")
    own_face.value = (uploaded("../me.png", picture.getvalue()),)
    own_voice.value = (uploaded("<i>me.txt", b"not a sound"),)
    assert (face.value, speech_menu.value, face.options) == ("me.png", "<i>me.txt", ("astronaut", "nobody", "me.png"))
    button.click()
    assert shown().startswith("<b>&lt;i&gt;me.txt: ") and "<video" not in shown()  # neither its folder nor its mark-up
    speech_menu.value = "angry"
    button.click()
    assert re.search('src="([^"]+)', shown()).group(1) == re.search('src="([^"]+)', expected).group(1)


def uploaded(name: str, content: bytes) -> dict:
    """What the browser hands over for a file."""
    return {"name": name, "type": "", "size": len(content), "content": content, "last_modified": datetime.now(UTC)}


def test_the_shape_diagram_tells_the_shapes_of_a_real_run_and_leaves_no_hook():
    from emotalk_lite.models.speech import SpeechEncoder
    from emotalk_lite.presets import PRESETS

    encoder = SpeechEncoder(PRESETS["smoke"].model)
    steps = {">convolutions": "sound", "convolutions": "vectors", ">fc": "context", "lstm": "LSTM"}
    drawn = viz.shape_diagram(encoder, torch.zeros(1, 7 * 320), steps=steps, time_first=("context", "LSTM")).data
    for sizes in ("sound, 1 × 2240", "vectors, 16 × 35", "context, 7 × 560", "LSTM, 7 × 16"):
        assert sizes in drawn
    assert drawn.count("<rect") == 4 and not any(part._forward_hooks for part in encoder.modules())
    assert "emotalk-" not in drawn and "Lit" not in drawn
    one = viz.shape_diagram(encoder, torch.zeros(1, 7 * 320), steps=steps, time_first=("context", "LSTM"), lit=["context"]).data
    assert one.count("emotalk-grey") == 3 and one.count("emotalk-face") == 1 and "LSTM, 7 × 16. Lit: context" in one


def test_the_map_has_the_sizes_of_the_generator_at_hand_and_lights_what_is_asked_for():
    from emotalk_lite.models.generator import Generator
    from emotalk_lite.presets import PRESETS
    from emotalk_lite.viz.map import PARTS, run_shapes

    live, config = Generator(PRESETS["smoke"].model), PRESETS["smoke"].model
    assert run_shapes(live) == run_shapes(config) and not any(part._forward_hooks for part in live.modules())
    live.emotion_encoder.net = live.emotion_encoder.net.append(torch.nn.Linear(config.emotion_dim, 5))  # no longer what its configuration says
    live.decoder.fc[0] = torch.nn.Linear(config.fusion_dim - config.emotion_dim + 5, live.decoder.fc[0].out_features)
    drawn = viz.model_map(live, lit=["speech"]).data
    assert "6 weights, becomes 5 numbers" in drawn and f">{config.fusion_dim - config.emotion_dim + 5}<" in drawn
    assert drawn.count('class="lit"') == 1 and drawn.count("emotalk-grey") == len(PARTS) - 1 and "Lit: speech." in drawn
    assert "bends" not in drawn and "bends the face" in viz.model_map(PRESETS["portrait"].model).data


def test_the_numbers_in_the_drawn_maps_of_the_warm_ups_are_those_of_their_networks():
    from pathlib import Path

    from emotalk_lite.models import exprgan, warmups
    from emotalk_lite.presets import ModelConfig

    sizes = {}
    for path in sorted(Path(__file__).parents[1].joinpath("book/chapters").glob("0[1-4]*.md")):
        texts = re.findall('class="size"[^>]*>([^<]*\\d[^<]*)<', path.read_text())
        sizes[path.stem] = {text.replace("N(0, 1), ", "") for text in texts}
    noise, digit = warmups.DigitGenerator().net[0].in_features, tuple(warmups.DigitGenerator()(torch.zeros(1, 16)).shape[2:])
    code = warmups.DigitEncoder()(torch.zeros(1, 1, 8, 8)).shape[1]
    face = exprgan.FaceDecoder()(torch.zeros(1, 96), torch.zeros(1, 5))
    who, what = exprgan.FaceEncoder()(face).shape[1], len(exprgan.EXPRESSIONS)
    side = ModelConfig().image_size
    assert sizes == {
        "01_data": {f"{side} × {side}"},
        "02_gan": {f"{noise} numbers", "{} × {}".format(*digit)},
        "03_autoencoder": {f"{code} numbers", "{} × {}".format(*digit)},
        "04_exprgan": {f"{who} numbers", f"{what} numbers", "{} × {}".format(*face.shape[2:])},
    }


def numbers_drawn(page: str) -> set[str]:
    """What the hand-drawn maps of a page say in small letters, as far as it has a digit."""
    from pathlib import Path

    text = next(Path(__file__).parents[1].joinpath("book").glob(page)).read_text()
    return set(re.findall('class="size"[^>]*>([^<]*\\d[^<]*)<', text))


def test_the_numbers_in_the_other_drawn_maps_are_those_of_the_networks_and_the_defaults():
    from torch import nn

    from emotalk_lite.models.critics import EmotionCritic, FrameCritic
    from emotalk_lite.models.generator import Generator
    from emotalk_lite.presets import FPS, ModelConfig, TrainConfig
    from emotalk_lite.viz.map import run_shapes, shapes_after

    config, weights = ModelConfig(), TrainConfig()
    seen, after = run_shapes(config), shapes_after(config)
    with torch.device("meta"):
        generator, frame_critic, emotion_critic = Generator(config), FrameCritic(config), EmotionCritic(config)

    def count(part: nn.Module, kind: type) -> int:
        return sum(isinstance(module, kind) for module in part.modules())

    assert {seen[name][-1] for name in ("image", "speech", "emotion")} == {512} and seen["noise"][-1] == 128 and seen["fusion"][-1] == 1664
    speech, image = generator.speech_encoder, generator.image_encoder
    attended = sum(type(module).__name__ == "SqueezeExcitation" for module in image.modules())
    assert numbers_drawn("intro.md") == {
        f"{count(image, nn.Conv2d)} convolutions, {attended} SE blocks",
        f"{count(speech, nn.Conv1d)} convolutions, {speech.lstm.num_layers} LSTMs",
        f"{generator.noise_encoder.lstm.num_layers} LSTM",
        f"{count(generator.emotion_encoder, nn.Linear)} fully connected layers",
        "512", "128", "0 0 0 1 0 0", f"{seen['smallest'][-1]}² to {seen['video'][-1]}² pixels", f"{FPS} frames a second",
    }  # fmt: skip
    of_frame, of_film = (critic.convolutions[0].in_channels for critic in (frame_critic, emotion_critic))
    assert numbers_drawn("chapters/09*.md") == {f"{of_frame} channels in", f"{of_film} channels in, an LSTM"} and after["verdict"] == (7,)
    assert numbers_drawn("chapters/10*.md") >= {f"α = {weights.mouth_weight:g}", f"β = {weights.perceptual_weight:g}", f"ε = {weights.eye_weight:g}"}
    side, large = config.image_size, after["large"][-1]
    assert numbers_drawn("chapters/13*.md") == {f"{side} × {side}", f"{large} × {large}"}
    assert f"{side} x {side}" in numbers_drawn("chapters/16*.md")


def test_the_distance_slider_has_a_text_a_picture_and_a_dot_for_every_stop_of_every_kind():
    stops = {kind: [viz.Ruined(f"{k} px", 9.0 * k, Image.new("RGB", (8, 8), (k * 40, 0, 0))) for k in range(3)] for kind in ("blur", "noise")}
    box = viz.distance_slider(stops, floor=4.0)
    kinds, slider, chosen = box.children
    assert (slider.options, kinds.options) == (("0 of 2", "1 of 2", "2 of 2"), ("blur", "noise"))
    for kind, stack in zip(stops, chosen.children):
        texts = [stop.children[1].value for stop in stack.children]
        assert texts[1].startswith(f"<div>{kind}, 1 px: distance <b>9.00</b>, floor 4.00")
        assert len({re.search("<circle.*?>", text)[0] for text in texts}) == 3
        assert len({stop.children[0].value for stop in stack.children}) == 3
    with pytest.raises(ValueError, match="as many stops"):
        viz.distance_slider({"blur": stops["blur"], "noise": stops["noise"][:2]}, floor=1.0)


def test_the_choice_slider_shows_one_picture_for_every_choice_and_stop():
    pictures = {who: [Image.new("RGB", (8, 8), (40 * k, 120 * row, 0)) for k in range(3)] for row, who in enumerate(("he", "she"))}
    choice, slider, chosen = viz.choice_slider(pictures, "person", "mood", ["calm", "angry", "sad"]).children
    assert choice.options == ("he", "she") and slider.options == ("calm", "angry", "sad")
    assert len({picture.value for stack in chosen.children for picture in stack.children}) == 6
    with pytest.raises(ValueError, match="each choice needs 2 pictures"):
        viz.choice_slider(pictures, "person", "mood", ["calm", "angry"])


def test_a_frame_slider_says_words_and_begins_where_it_is_told():
    stack, controls = viz.frame_slider([Image.new("RGB", (8, 8))] * 3, "width", stops=["2 px", "4 px", "9 px"], start=1).children
    play, slider = controls.children
    assert (stack.selected_index, play.value, slider.index, slider.label) == (1, 1, 1, "4 px")


def test_the_wipe_begins_in_the_middle():
    stack, _ = viz.wipe(Image.new("RGB", (90, 9)), Image.new("RGB", (90, 9), "white"), ("a", "b"), stops=3).children
    assert stack.selected_index == 1
