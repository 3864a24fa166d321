"""Numbers that pages say in words are those in `results/`, in the paper's tables, or in the chapter's own outputs.

Each entry of SAID is a passage of a page with the numbers left open. The test fills them in from where they come from, and looks for
the passage in the page: measure again, and it tells which sentence to rewrite.
"""

import json
import re

import chapters
import pytest

from emotalk_lite import paper_tables
from emotalk_lite.ablation_tables import seed_columns, seed_means
from emotalk_lite.checkpoint import load_generator
from emotalk_lite.emotions import EMOTIONS
from emotalk_lite.generate import SHIPPED
from emotalk_lite.paper_tables import CLAIMS, FID, LIKERT, MOS

ROOT = chapters.ROOT


def results() -> dict:
    """By file, and what follows from them: percentages, and the steps of a run in all."""
    found = {path.stem: json.loads(path.read_text()) for path in (ROOT / "results").glob("*.json")}
    rows = {f"{preset} {row['stage']} {row['step']}": row for preset in ("cpu", "cuda") for row in found[f"train_{preset}"]["history"]}
    ablation = found["ablation_cpu"]
    distances, large = (seed_means(found[name], "frechet_efficientnet_lite0") for name in ("ablation_cpu", "ablation_cuda"))
    named = found["portrait"]["emotions that a classifier names (synthetic held-out actors)"]
    percent = {name: 100 * row["right"] for name, row in named.items() if isinstance(row, dict)}
    return found | {
        "row": rows,
        "change": {name: 100 * (distances[name] / distances["base"] - 1) for name in distances},
        "large": {name: 100 * (large[name] / large["base"] - 1) for name in large},
        "enlarged": {name: more(found[name]["rows"], drawn(found[name]), "frechet_efficientnet_lite0") for name in ("ablation_cpu", "ablation_cuda")},
        "interpolated": {metric: more(found["ablation_bicubic"]["rows"], ablation["rows"], metric)
                         for metric in ("frechet_efficientnet_lite0", "psnr", "ssim")},
        "opening": {name: column[0] for name, column in seed_columns(ablation, "opening_deviation_ratio").items()},  # seed 0
        "seeds": ("one seed", "two seeds", "three seeds", "four seeds", "five seeds")[len(ablation["seeds"]) - 1],
        "steps": {"ablation": sum(ablation["steps"].values())},
        "took": {"least": min(ablation["seconds"].values()), "most": max(ablation["seconds"].values())},
        "named": percent | {"all": 100 * named["right"], "corpus": 100 * named["of the corpus's own clips"]},
        "mos": {name.replace("+", " "): row for name, row in MOS.items()},
        "sharper": {f"{name.replace('+', ' ')} {q}": getattr(MOS[f"{name}+bsrgan"], q) - getattr(MOS[name], q)
                    for name in MOS if f"{name}+bsrgan" in MOS for q in ("motion", "noise")},  # what BSRGAN adds to a score
        "fid": FID,
        "agree": {f"{name} {q}": sum(getattr(LIKERT[name], q)[3:]) for name in LIKERT for q in ("realistic", "pleasing")},
        "claims": CLAIMS,
        "bench_flicker": flicker_ranges(found["bench_flicker"]),
        "shipped": {"parameters": sum(weights.numel() for weights in load_generator(SHIPPED).parameters())},
    }


def drawn(ablation: dict) -> dict:
    """Its rows as drawn, under the names of the enlarged ones."""
    return {f"{name}+bsrgan": seeds for name, seeds in ablation["rows"].items() if "bsrgan" not in name}


def more(rows: dict, others: dict, metric: str) -> str:
    """In how many trainings the enlarged rows have more of the metric than the others of the same name: "9 of 12"."""
    pairs = [(row[metric], others[name][seed][metric]) for name, seeds in rows.items() if "bsrgan" in name for seed, row in seeds.items()]
    return f"{sum(row > other for row, other in pairs)} of {len(pairs)}"


def flicker_ranges(bench: dict) -> dict:
    """The least and the most of the films, for each upscaler, alone and steady."""
    rows = {name: [film[name] for film in bench["films"].values()] for name in bench["films"]["real"] if "realesrgan" in name or "fast" in name}
    ranges = {name: {part: {"least": min(row[part] for row in all_), "most": max(row[part] for row in all_)} for part in ("whole", "still")}
              for name, all_ in rows.items()}
    return {name.replace(", ", " "): parts for name, parts in ranges.items()} | bench["films"]


ABLATION = "book/chapters/16_ablation.md"
DECODER = "book/chapters/08_decoder.md"
BSRGAN = "book/chapters/13_bsrgan.md"
FAST = "emotalk_lite/weights/upscale_fast.md"
TRAINING, CLAIMED, CARD = "book/chapters/11_training.md", "book/claims.md", "emotalk_lite/weights/portrait.md"
SETUP = "book/setup.md"
SYNCNET = "emotalk_lite/weights/syncnet.md"
OTHERS, SHOWN = "portraits with the voice of 1002", "expressions of the portraits"
STRANGER = "astronaut with the voice of 1002"  # in results/portrait.json
SAID = [
    ("book/chapters/00_quickstart.md", "he is\nsharper: {row[cuda joint 150][psnr]:.1f} dB"),
    (TRAINING, "`results/train_cpu.json`: {train_cpu[step]:,} steps, {train_cpu[seconds]:.0f} s,"),
    (TRAINING, "`results/train_cuda.json`: {train_cuda[step]:,} steps, {train_cuda[seconds]:.0f} s,"),
    *((TRAINING, "| `%s` | %s | %s | {row[%s][mouth_error]:.1f} | {row[%s][mouth_motion]:.2f} |" % (*row.split(), row, row))
      for row in ("cpu pretrain 1200", "cpu pretrain 2400", "cpu pretrain 2700", "cpu joint 180",
                  "cuda pretrain 1000", "cuda pretrain 2000", "cuda pretrain 3000", "cuda joint 150")),
    (TRAINING, "{bench_stages[steps_per_second][critic]:.0f} steps a second of the critic's stage, {bench_stages[steps_per_second][pretrain]:.1f}"
               " of pretraining and {bench_stages[steps_per_second][joint]:.1f} of the joint stage"),
    (DECODER, "draws {bench_generate_cuda[presets][cuda][forward][ratio]}\ntimes as fast and trains"
              " {bench_generate_cuda[presets][cuda][training_step][ratio]} times as fast"),
    (ABLATION, "its whole budget, {steps[ablation]:,} steps a training"),
    (ABLATION, "the six clips of the sample and {ablation_cpu[data][1][clips]} painted ones of {ablation_cpu[data][1][actors]} synthetic actors"),
    (ABLATION, "each of the four generators with {seeds}."),
    (ABLATION, "a training took {took[least]:.0f} s on a quiet machine, and up to {took[most]:.0f} s beside other work"),
    (ABLATION, "The {ablation_cpu[videos]} clips that are judged show painted people"),
    (CARD, "(`results/portrait_further.json`): identity {portrait_further[all][mean][identity_distance]:.3f} ("
           + ", ".join("%s {portrait_further[all][%s][identity_distance]:.2f}" % (name, name) for name in EMOTIONS)
           + "), lips follow loudness with {portrait_further[all][mean][lip_opening_follows_loudness]:.3f}"
             " ({portrait_further[all][neutral][lip_opening_follows_loudness]:.2f} in neutral to"
             " {portrait_further[all][disgust][lip_opening_follows_loudness]:.2f} in disgust), the opening's deviation is"
             " {portrait_further[all][mean][lip_opening_deviation]:.3f}, and eyes and mouth have"
             " {portrait_further[all][mean][eyes_sharpness]:.2f} and {portrait_further[all][mean][mouth_sharpness]:.2f} of the picture's sharpness."),
    (CARD, "on {portrait_further[all][anger][rises_on]} faces in anger, "
           + ", ".join("{portrait_further[all][%s][rises_on]} in %s" % (name, name) for name in EMOTIONS[1:])),
    (CARD, "identity {portrait_further[ten of them, before the inside of a mouth reached up][mean][identity_distance]:.3f} before and"
           " {portrait_further[ten of them, after][mean][identity_distance]:.3f} after, lips"
           " {portrait_further[ten of them, before the inside of a mouth reached up][mean][lip_opening_follows_loudness]:.2f} and"
           " {portrait_further[ten of them, after][mean][lip_opening_follows_loudness]:.2f}, deviation"
           " {portrait_further[ten of them, before the inside of a mouth reached up][mean][lip_opening_deviation]:.3f} and"
           " {portrait_further[ten of them, after][mean][lip_opening_deviation]:.3f}."),
    ("book/chapters/12_your_own_face.md",
     "their opening deviates by {portrait[%s][sadness][lip_opening_deviation]:.3f} of the face's height, against"
     " {portrait[%s][happiness][lip_opening_deviation]:.3f} in happiness and {portrait[%s][neutral][lip_opening_deviation]:.3f} in neutral" % (3 * (STRANGER,))),
    (ABLATION, "of the {portrait[painted actors among themselves][pairs]} pairs of twelve *different* painted actors,"),
    (ABLATION, "mean is {portrait[painted actors among themselves][mean]:.2f} and the nearest two are {portrait[painted actors among themselves][least]:.2f} apart"),
    (ABLATION, 'In the videos of "se+em" with seed 0 the mouth hardly moves: {opening[se+em]:.2f}, where "base" has {opening[base]:.2f}.'),
    (BSRGAN, "It keeps {bench_superres[fast][feature_distance_ratio]:.2f} of bicubic's distance by the mean absolute difference, which it was"
             " trained with, and {bench_superres[fast][lpips_like_ratio]:.2f} by the formula"),
    (BSRGAN, "keeps {bench_superres[fast][mirrored_teacher][feature_distance_ratio]:.2f} and"
             " {bench_superres[fast][mirrored_teacher][lpips_like_ratio]:.2f}."),
    (BSRGAN, "it flickers {bench_flicker[realesrgan][still][least]:.1f} to {bench_flicker[realesrgan][still][most]:.1f} times as much as the film itself where"
             " that stands still; steady, {bench_flicker[realesrgan steady][still][least]:.1f} to {bench_flicker[realesrgan steady][still][most]:.1f} times. The"
             " small copy comes from {bench_flicker[fast][still][least]:.1f} to {bench_flicker[fast][still][most]:.1f} times down to"
             " {bench_flicker[fast steady][still][least]:.1f} to {bench_flicker[fast steady][still][most]:.1f},"),
    (BSRGAN, "steady, it has {bench_flicker[realesrgan steady][whole][least]:.2f} to {bench_flicker[realesrgan steady][whole][most]:.2f} times the"
             " film's flicker"),
    (BSRGAN, "it made {bench_superres[command][frames_per_second]:.1f} frames a second on two threads, where the"
             " network alone made {bench_superres[command][frames_per_second_of_the_network_alone]:.1f}."),
    *((FAST, "| %s | {bench_flicker[%s][fast][whole]:.2f}, {bench_flicker[%s][fast, steady][whole]:.2f} | {bench_flicker[%s][fast][still]:.2f},"
             " {bench_flicker[%s][fast, steady][still]:.2f} |" % (said, *4 * [film]))
      for film, said in (("real", "a real clip"), ("compressed", "the same, compressed once more"), ("generated", "generated"))),
    (FAST, "Its teacher has {bench_flicker[realesrgan][whole][least]:.2f} to {bench_flicker[realesrgan][whole][most]:.2f} and"
           " {bench_flicker[realesrgan][still][least]:.2f} to {bench_flicker[realesrgan][still][most]:.2f} frame by frame, steady"
           " {bench_flicker[realesrgan steady][whole][least]:.2f} to {bench_flicker[realesrgan steady][whole][most]:.2f} and"
           " {bench_flicker[realesrgan steady][still][least]:.2f} to {bench_flicker[realesrgan steady][still][most]:.2f}."),
    (CLAIMED, "in our run the distance changed by {change[se]:+.0f} % with the one and by {change[em]:+.0f} % with the other: {seeds},"
              " {ablation_cpu[videos]} clips of painted actors"),
    (CLAIMED, "At the paper's size, two seeds, it changed by {large[se]:+.0f} % and {large[em]:+.0f} %"),
    (CLAIMED, "(times 255 squared: {fid_puzzle[paper][times 255 squared][base]}, {fid_puzzle[paper][times 255 squared][se]},"
              " {fid_puzzle[paper][times 255 squared][em]}, {fid_puzzle[paper][times 255 squared][se+em+bsrgan]}, if the"),
    (CLAIMED, "the enlarged videos are further from the real clips in {enlarged[ablation_cpu]} trainings, and in {enlarged[ablation_cuda]}, of one"
              " seed, at the paper's size. Against the same videos interpolated, they are nearer in {interpolated[frechet_efficientnet_lite0]}."),
    *((CLAIMED, "in PSNR and SSIM, interpolation is ahead in {interpolated[%s]} (" % metric) for metric in ("psnr", "ssim")),
    (CLAIMED, "the eye mask has the lower distance, {fid[em]:.6f} against {fid[se]:.6f} of squeeze and excitation, and the lower score,"
              " {mos[em].aggregate:.2f} against {mos[se].aggregate:.2f}."),
    (CLAIMED, "squeeze and excitation with BSRGAN has {mos[se bsrgan].aggregate}, the complete model {mos[se em bsrgan].aggregate} |"),
    ("book/chapters/15_mos.md", "by {sharper[base motion]:+.2f} for the base, {sharper[se motion]:+.2f} with squeeze and excitation,"
                                " {sharper[em motion]:+.2f} with the mask and {sharper[se em motion]:+.2f} with both; the base's noise, which it can"
                                " change, moves by {sharper[base noise]:+.2f}."),
    (CLAIMED, "{mos[base].motion} to {mos[base bsrgan].motion}, {mos[se].motion} to {mos[se bsrgan].motion}, {mos[em].motion} to"
              " {mos[em bsrgan].motion} and {mos[se em].motion} to {mos[se em bsrgan].motion:.2f}; for the base by {sharper[base motion]:+.2f}, more"
              " than anything else, while the noise, which it can change, stays nearly as it was ({sharper[base noise]:+.2f})."),
    (CLAIMED, "they are found {bench_synth[mtcnn][mean_error_pixels]} pixels of 128 off on average"),
    (CLAIMED, "Table 5 says {mos[se em bsrgan].change} %"),
    (CLAIMED, "{mos[se].aggregate} falls to {mos[se em].aggregate} without BSRGAN, {mos[se bsrgan].aggregate} to {mos[se em bsrgan].aggregate} with it"),
    (CLAIMED, "{agree[se+em+bsrgan realistic]:.1f} % find the complete model realistic and {agree[se+em+bsrgan pleasing]:.1f} % pleasing"),
    (CLAIMED, 'The score rises "by approximately {claims[mos_change]} %"'),
    ("book/chapters/10_losses.md", "loss is {eye_loss[terms][eye, over the image][percent_of_sum]:.2f} % of the sum of the three; over the mask it would be"
                                   " {eye_loss[terms][eye, over the mask][percent_of_sum]:.1f} %"),
    ("book/options.md", "it is {eye_loss[terms][eye, over the image][percent_of_sum]:.2f} % of\nthe sum of mouth, perceptual and eye loss, and pulls at the"
                        " pixels with {eye_loss[terms][eye, over the image][percent_of_mouth_gradient]:.2f} % of the mouth loss's strength. Over the mask,"
                        " as in `p100` and `a100`, it would be\n{eye_loss[terms][eye, over the mask][percent_of_sum]:.1f} % and"
                        " {eye_loss[terms][eye, over the mask][percent_of_mouth_gradient]:.0f} %"),
    (SETUP, "beside torch {colab[kept][torch]} and numpy {colab[kept][numpy]}, which both stayed as they were"),
    (CARD, "(training fit) | {portrait[sample (training fit)][mean][psnr]:.1f} dB | {portrait[sample (training fit)][mean][ssim]:.3f} |"
           " {portrait[sample (training fit)][mean][mouth_correlation]:.2f} |"),
    (CARD, "from {portrait[sample (training fit)][happiness][psnr]:.1f} dB in happiness to {portrait[sample (training fit)][neutral][psnr]:.1f} dB in neutral"),
    (CARD, "| {portrait[synthetic held-out actors][clips]} clips of twelve synthetic actors that it never saw |"
           " {portrait[synthetic held-out actors][psnr]:.1f} dB | {portrait[synthetic held-out actors][ssim]:.3f} |"
           " {portrait[synthetic held-out actors][mouth_correlation]:.2f} |"),
    (CARD, "25 a second out. {shipped[parameters]:,} parameters in half precision"),
    (CARD, "| the same people and words, heads still | {portrait[synthetic held-out actors, heads still][psnr]:.1f} dB |"),
    (CARD, "gives {portrait[synthetic held-out actors][darkness_follows_truth]:.2f}"
           " (heads still: {portrait[synthetic held-out actors, heads still][darkness_follows_truth]:.2f}), and on the true clips themselves only"
           " {portrait[synthetic held-out actors][darkness_ceiling]:.2f} ({portrait[synthetic held-out actors, heads still][darkness_ceiling]:.2f})."),
    *((CARD, "| %s |" % said + " {portrait[%s][%s][identity_distance]:.2f} | {portrait[%s][%s][lip_opening_follows_loudness]:.2f}"
             " ({portrait[%s][%s][lip_opening_follows_loudness_least]:.2f} to {portrait[%s][%s][lip_opening_follows_loudness_most]:.2f}), reversed"
             " {portrait[%s][%s][lip_opening_reversed]:.2f} | {portrait[%s][%s][lip_opening_deviation]:.3f}"
             " ({portrait[%s][%s][lip_opening_deviation_least]:.3f} to {portrait[%s][%s][lip_opening_deviation_most]:.3f}) |"
             " {portrait[%s][%s][opening_follows_loudness]:.2f}, reversed {portrait[%s][%s][opening_reversed]:.2f} |" % (10 * (part, row)))
      for said, part, row in [*((name, STRANGER, name) for name in (*EMOTIONS, "mean")),
                              ("real clips of actor 1001", "filmed clips of the sample", "mean")]),
    (CARD, "the deviation goes from {portrait[%s][mean][lip_opening_deviation_least]:.3f} to"
           " {portrait[%s][mean][lip_opening_deviation_most]:.3f}." % (STRANGER, STRANGER)),
    (CARD, "heads that move: {portrait[synthetic held-out actors][psnr]:.1f} dB (26 dB)"),
    (CARD, "names it in {portrait[emotions that a classifier names (synthetic held-out actors)][disgust][named][disgust]} of 12 films, and takes the"
           " other {portrait[emotions that a classifier names (synthetic held-out actors)][disgust][named][anger]} for anger"),
    *((CARD, "| %s | {portrait[%s][all][%s][identity_distance]:.2f} | {portrait[%s][all][%s][lip_opening_follows_loudness]:.2f}, reversed"
             " {portrait[%s][all][%s][lip_opening_reversed]:.2f} | {portrait[%s][all][%s][lip_opening_deviation]:.3f} |" % (row, *(4 * (OTHERS, row))))
      for row in (*EMOTIONS, "mean")),
    *((CARD, "| {portrait[%s][all][%s][rise]:+.3f}, on {portrait[%s][all][%s][rises_on]} of {portrait[%s][pictures]} |"
             " {portrait[%s][all][%s][named]:.3f} | {portrait[expressions of the filmed clips][%s][rise]:+.3f} |"
             % (SHOWN, row, SHOWN, row, SHOWN, SHOWN, row, row)) for row in EMOTIONS),
    (CARD, "from {portrait[expressions of the astronaut][fear][rise]:+.3f} in fear to {portrait[expressions of the astronaut][happiness][rise]:+.3f} in happiness,"
           " and falls in neutral ({portrait[expressions of the astronaut][neutral][rise]:+.3f})"),
    (CARD, "at least {portrait[%s][each][08.png][sadness][lip_opening_deviation]:.3f}, the profile in sadness;" % OTHERS),
    (CARD, "(the least are {portrait[%s][each][08.png][sadness][lip_opening_follows_loudness]:.2f} in sadness and"
           " {portrait[%s][each][08.png][anger][lip_opening_follows_loudness]:.2f} in anger)" % (OTHERS, OTHERS)),
    (CARD, "with thin lips, in neutral ({portrait[%s][each][02.jpg][neutral][lip_opening_follows_loudness]:.2f}) and sadness"
           " ({portrait[%s][each][02.jpg][sadness][lip_opening_follows_loudness]:.2f})" % (OTHERS, OTHERS)),
    (CARD, "the films is {portrait[%s][mean][eyes_sharpness]:.2f} and {portrait[%s][mean][mouth_sharpness]:.2f} of the picture's on the astronaut,"
           " {portrait[%s][all][mean][eyes_sharpness]:.2f} and {portrait[%s][all][mean][mouth_sharpness]:.2f} on the eleven." % (STRANGER, STRANGER, OTHERS, OTHERS)),
    (CARD, "half as sharp as filmed ({portrait[sample (training fit)][mean][eyes_sharpness]:.2f} and {portrait[sample (training fit)][mean][mouth_sharpness]:.2f} by"),
    (CARD, "the deviations' means are {portrait[%s][mean][lip_opening_deviation]:.3f} on the astronaut and {portrait[%s][all][mean][lip_opening_deviation]:.3f}"
           " on the eleven, his is {portrait[filmed clips of the sample][mean][lip_opening_deviation]:.3f}." % (STRANGER, OTHERS)),
    (CARD, "disgust is at {portrait[%s][disgust][identity_distance]:.2f} on the astronaut and {portrait[%s][all][disgust][identity_distance]:.2f} on the eleven,"
           " sadness at {portrait[%s][sadness][identity_distance]:.2f} and fear at {portrait[%s][fear][identity_distance]:.2f}" % (STRANGER, OTHERS, STRANGER, STRANGER)),
    (CARD, "in {named[all]:.0f} % (anger {named[anger]:.0f}, disgust {named[disgust]:.0f}, fear {named[fear]:.0f}, happiness"
           " {named[happiness]:.0f}, neutral {named[neutral]:.0f}, sadness {named[sadness]:.0f})"),
    *((FAST, "| {at[bicubic][psnr]:.2f}, {at[fast][psnr]:.2f}, {at[mirrored teacher][psnr]:.2f} dB | {at[bicubic][feature_distance]:.3f},"
             .replace("at[", f"bench_superres[fast][to_teacher][{which}]["))
      for which in ("portrait", "portrait's film", "held-out clip", "held-out clip's film")),
    (FAST, "That is {bench_superres[fast][psnr_gain]:.1f} dB more than bicubic interpolation and {bench_superres[fast][feature_distance_ratio]:.2f} times its"),
    (FAST, "{bench_superres[fast][mirrored_teacher][psnr_gain]:.1f} dB more and"
           " {bench_superres[fast][mirrored_teacher][feature_distance_ratio]:.2f} times."),
    (FAST, "the fast network keeps {bench_superres[fast][lpips_like_ratio]:.2f} of bicubic's distance and the mirrored teacher"
           " {bench_superres[fast][mirrored_teacher][lpips_like_ratio]:.2f}."),
    (FAST, "it has {bench_superres[fast][parameters]:,}, in half precision {bench_superres[fast][megabytes]:.2f} MB"),
    (FAST, "Real-ESRGAN takes {bench_superres[seconds_a_frame][ours]:.1f} s a frame."),
    (FAST, "On an NVIDIA H100 they make {bench_superres[gpu][frames_per_second][fast, float32]:.0f}"
           " and {bench_superres[gpu][frames_per_second][realesrgan, float32]:.0f} frames a second."),
    (FAST, "{bench_superres[fast][frames_per_second][1 threads]:.0f} frames a second from 128 x 128"),
    (CARD, "itself is right on {named[corpus]:.0f} % of the corpus's clips"),
    *((SYNCNET, passage + "".join(
        " {syncnet%s[%s]:%s} |" % (row, key, how)
        for key, how in (("clips", "d"), ("shift found within a frame", ".0%"), ("window nearer to its own sound than to that 6 frames off", ".0%"),
                         ("lse_d", ".2f"), ("lse_c", ".2f"), ("lse_c of the frozen mouth", ".2f"))))
      for passage, row in (
          ("--seed 7`) |", "[unseen painted actors]"),
          ("never saw (fear, neutral) |", "[unseen real clips]"),
          ("anger and disgust, on these |", "[trained again without other real clips][1001_DFA_ANG_XX 1001_DFA_DIS_XX]"),
          ("happiness and sadness, on these |", "[trained again without other real clips][1001_DFA_HAP_XX 1001_DFA_SAD_XX]"),
          ("was trained on |", "[real clips that it learned]"))),
]  # fmt: skip


def words(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.parametrize("page, passage", SAID, ids=[f"{page}:{passage[:40]}" for page, passage in SAID])
def test_a_number_in_the_prose_is_the_one_that_was_measured(page, passage):
    assert words(passage.format(**results())) in words((ROOT / page).read_text())


PRINTED = [  # (page, a passage of its prose, chapter, what that printed with the same numbers)
    ("book/chapters/12_your_own_face.md", r"the mean is ([+-][\d.]+), which looks well, and with the voice reversed it is ([+-][\d.]+)\.",
     "12_your_own_face", r"mean +([+-][\d.]+) +reversed ([+-][\d.]+)"),
    ("book/chapters/15_mos.md", r"Drops of ([\d.]+) and ([\d.]+) are inside it",
     "15_mos", r"se +[\d.]+ -> se\+em +[\d.]+ +-([\d.]+)\s+se\+bsrgan +[\d.]+ -> se\+em\+bsrgan +[\d.]+ +-([\d.]+)"),
    ("book/chapters/15_mos.md", r"yes: ([\d.]+) points in \"realistic\"", "15_mos", r"base +-> se\+em\+bsrgan +\+([\d.]+)"),
    ("book/chapters/15_mos.md", r"([\d.]+) % from the three means, ([\d.]+) % from the rounded ones",
     "15_mos", r"three means each: ([\d.]+)%\n.*\nfrom the printed aggregates: ([\d.]+)%"),
    (CLAIMED, r"([\d.]+ \[[\d., ]+\]) of (\d+) raters for the base", "15_mos", r"base +([\d.]+ \[[\d., ]+\]), (\d+) raters"),
    (CLAIMED, r"([\d.]+ \[[\d., ]+\]) of (\d+) for the complete model", "15_mos", r"complete model +([\d.]+ \[[\d., ]+\]), (\d+) raters"),
    (CLAIMED, r"excitation with BSRGAN is (\+[\d.]+ \[[\d.,+ -]+\])", "15_mos", r"se\+bsrgan +-> se\+em\+bsrgan +(\+[\d.]+ \[[\d.,+ -]+\])"),
    (CLAIMED, r"\"realistic\" rises by (\+[\d.]+ \[[\d.,+ -]+\])", "15_mos", r"base +-> se +(\+[\d.]+ \[[\d.,+ -]+\])"),
    (CLAIMED, r"four pairs, by (\+[\d.]+ \[[\d.,+ -]+\]) for the base", "15_mos", r"base +-> base\+bsrgan +(\+[\d.]+ \[[\d.,+ -]+\])"),
    (CLAIMED, r"on (\d+) held-out frames, bicubic interpolation has ([\d.]+) dB and Real-ESRGAN, the same network, ([\d.]+); on twelve ruined"
              r" portraits ([\d.]+) and ([\d.]+)\.",
     "13_bsrgan", r"(?s)and (\d+) held out;.*held-out +bicubic +([\d.]+) dB.*held-out +Real-ESRGAN +([\d.]+) dB.*portrait +bicubic +([\d.]+) dB.*"
                  r"portrait +Real-ESRGAN +([\d.]+) dB"),
    (CLAIMED, r"interpolation has ([\d.]+) dB and a feature distance of ([\d.]+), Real-ESRGAN ([\d.]+) and ([\d.]+):",
     "13_bsrgan", r"(?s)\| bicubic \| ([\d.]+) \| ([\d.]+) \|.*\| Real-ESRGAN \| ([\d.]+) \| ([\d.]+) \|"),
    (CLAIMED, r"factor of 28 are ([\d.]+) from the same with 18", "16_ablation", r"with CRF 28 +([\d.]+)"),
    (CLAIMED, r"a clip takes (\d+) kbit/s, and (\d+) with each pixel", "14_fid", r"128 pixels wide, (\d+) to .*\n.* 512 pixels wide, (\d+) to"),
    (CLAIMED, r"a difference of two rows is known to about ([\d.]+) either way", "15_mos", r"two rows is known to about \+- ([\d.]+)"),
]  # fmt: skip


@pytest.mark.parametrize("page, passage, stem, output", PRINTED, ids=[f"{page}:{passage[:30]}" for page, passage, *_ in PRINTED])
def test_a_number_in_the_prose_is_the_one_that_a_chapter_printed(page, passage, stem, output):
    cells = chapters.read(ROOT / "notebooks" / f"{stem}.ipynb").cells
    said, printed = re.search(passage, words((ROOT / page).read_text())), re.search(output, "\n".join(shown(cells)))
    assert said and printed and said.groups() == printed.groups()


def test_a_page_that_names_a_file_of_results_quotes_it_or_reads_it():
    quoted = {(page, name) for page, passage in SAID for name in re.findall(r"`results/(\w+)\.json`", words(passage))}
    quoted |= {(page, name) for page, passage in SAID for name in re.findall(r"{(\w+)\[", passage)}
    missing = []
    for path in [*(ROOT / "book").glob("*.md"), *(ROOT / "book/chapters").glob("*.md"), *(ROOT / "emotalk_lite/weights").glob("*.md")]:
        page = path.relative_to(ROOT).as_posix()
        for name in set(re.findall(r"results/(\w+)\.json", path.read_text())):
            read = re.search(rf'"results" / "{name}\.json"|"results/{name}\.json"|{name}\.json"|stored_results\("{name}"\)', path.read_text())
            if not read and (page, name) not in quoted:
                missing.append((page, name))
    assert missing == []


KNOWN = {  # decimals that no output, no entry of SAID and no table of the paper has, and where they come from
    "06_image_encoder": {0.2: "the paper's leaky ReLU"},
    "07_emotion_noise": {0.2: "the paper's leaky ReLU"},
    "08_decoder": {0.95: "the gates that its cell sets"},
    "09_discriminators": {0.001: "one over the root of 800,000, rounded", 0.3: "the reference's leaky ReLU", 0.2: "the paper's; and 1 / sqrt(25)",
                          0.5: "1 / sqrt(4)"},
    "11_training": {0.01: "the frame critic's weight in the paper", 0.6: "0.60 of the table above it", 0.15: "the rate that its cell sets"},
    "12_your_own_face": {0.19: "1.5 deviations of 0.13"},
    "13_bsrgan": {0.1: "BSRGAN's weight of the critic", 1.6: "tests/test_superres.py fades a film", 0.2: "its card: --feature-weight"},
    "15_mos": {2.78: "Student's number for 4 degrees of freedom", 0.84: "normal quantile of 0.8", 1.96: "normal quantile of 0.975",
               3.1: "the better of two films that its cell simulates"},
    "16_ablation": {0.6: "metrics/identity.py: SAME_PERSON"},
    "claims": {29.97: "chapter 1 prints it", 44.1: "the paper's section on the data"},
}  # fmt: skip
DECIMAL = r"(?<![\w.])\d+\.\d+\b"
NO_PROSE = r"(?s)```.*?```|\$\$.*?\$\$|\$[^$]*\$|`[^`]*`"


def decimals(text: str) -> set[float]:
    return {float(number) for number in re.findall(DECIMAL, text)}


def shown(cells: list) -> list[str]:
    outputs = [output for cell in cells if cell.cell_type == "code" for output in cell.outputs]
    return [str(o.get("text", "")) + "".join(f" {o.get('data', {}).get(kind, '')}" for kind in ("text/markdown", "text/plain")) for o in outputs]


def sources(page: str, cells: list) -> set[float]:
    quoted = [passage.format(**results()) for where, passage in SAID if where == page]
    printed = [str(table) for name, table in vars(paper_tables).items() if name.isupper()]
    return decimals("\n".join([*shown(cells), *quoted, *printed]))


@pytest.mark.parametrize("chapter", chapters.chapters(), ids=lambda path: path.stem)
def test_every_decimal_of_a_chapters_prose_comes_from_somewhere(chapter):
    """From the chapter's outputs, the paper's tables, an entry of SAID, or a reason in KNOWN; code is no source."""
    cells = chapters.read(chapters.notebook_path(chapter)).cells
    prose = [cell for cell in cells if cell.cell_type == "markdown" and not chapters.is_last_run(cell)]
    said = decimals("\n".join(re.sub(NO_PROSE, "", cell.source) for cell in prose))
    assert said - sources(chapter.relative_to(ROOT).as_posix(), cells) - set(KNOWN.get(chapter.stem, ())) == set()


def test_every_decimal_of_the_claims_comes_from_somewhere():
    """From the paper's tables, an entry of SAID, an output of the last four chapters, or a reason in KNOWN."""
    cells = [cell for stem in ("13_bsrgan", "14_fid", "15_mos", "16_ablation") for cell in chapters.read(ROOT / "notebooks" / f"{stem}.ipynb").cells]
    said = decimals(re.sub(NO_PROSE, "", (ROOT / CLAIMED).read_text()))
    assert said - sources(CLAIMED, cells) - set(KNOWN["claims"]) == set()


def test_what_the_card_and_chapter_12_say_of_the_astronaut_is_so_in_its_file():
    """Which emotions, and which single recordings, fall below the targets; which reader tells a voice from its reverse."""
    part = json.loads((ROOT / "results/portrait.json").read_text())
    rows = {name: row for name, row in part[STRANGER].items() if name != "mean"}
    below = lambda key, bar: {name for name, row in rows.items() if row[key] < bar}
    assert not below("lip_opening_follows_loudness_least", 0.6) and not below("opening_follows_loudness", 0.6)
    assert not below("lip_opening_deviation_least", 0.025)
    assert set(rows) - below("identity_distance", 0.4) == {"disgust", "fear", "sadness"} and part[STRANGER]["mean"]["identity_distance"] < 0.4
    of_others = part[OTHERS]["all"]
    assert min(of_others[name]["lip_opening_follows_loudness"] for name in rows) > 0.6 and of_others["mean"]["identity_distance"] < 0.4
    assert min(of_others[name]["lip_opening_deviation"] for name in rows) > 0.025 and len(part[OTHERS]["each"]) == 11
    each = {name: {key: row for key, row in person.items() if key != "mean"} for name, person in part[OTHERS]["each"].items()}
    low = lambda key, bar: {(name, asked) for name, person in each.items() for asked, row in person.items() if row[key] < bar}
    assert {name for name, _ in low("lip_opening_deviation", 0.025)} == {"02.jpg", "06.png", "08.png", "10.png"}
    in_profile = {("08.png", asked) for asked in rows if asked != "happiness"}
    assert low("lip_opening_follows_loudness", 0.595) == {("02.jpg", "neutral"), ("02.jpg", "sadness"), *in_profile}
    assert min(rows, key=lambda name: rows[name]["lip_opening_deviation"]) == "sadness"
    hers, real = part["expressions of the astronaut"], part["expressions of the filmed clips"]
    assert {name for name, row in hers.items() if row["named"]} == {"happiness"} and sum(row["named"] for row in real.values()) == 4
    assert {name for name, row in hers.items() if row["rise"] <= 0} == {"neutral"} and part[SHOWN]["pictures"] == 11
    for reader in ("opening", "lip_opening"):
        assert all(row[f"{reader}_follows_loudness"] > row[f"{reader}_reversed"] for row in rows.values())
    assert min(part["sample (training fit)"], key=lambda name: part["sample (training fit)"][name]["psnr"]) == "happiness"
    above = lambda row: f"{row['lip_opening_follows_loudness'] - row['lip_opening_reversed']:.2f}"
    chance = [f"{pick(row['lip_opening_reversed'] for row in rows.values()):.2f}" for pick in (min, max)]
    card = words((ROOT / CARD).read_text())
    assert f"So {chance[0]} to {chance[1]}, where that line lies for her" in card
    assert f"{above(part[STRANGER]['mean'])} on average here, {above(of_others['mean'])} on the portraits below" in card
    real = part["filmed clips of the sample"]["mean"]
    assert real["opening_follows_loudness"] - real["opening_reversed"] > 0.2 > 0.05 > real["lip_opening_follows_loudness"] - real["lip_opening_reversed"]


def test_what_chapter_14_says_of_the_puzzle_is_so_in_its_file():
    """Shallow features cannot tell noise from other clips; divided pixels keep the order of the rows; both are of the paper's size."""
    puzzle = json.loads((ROOT / "results/fid_puzzle.json").read_text())
    expected, divided = puzzle["distances"].values()
    dealt, others, noisy, made, _, painted = expected
    shallow = {name: row["shallow features"] for name, row in expected.items()}
    assert shallow[noisy] < 1.1 * shallow[others] and shallow[made] < shallow[others]
    by_all, by_divided = (sorted(rows, key=lambda name: rows[name]["all features"]) for rows in (expected, divided))
    factors = sorted(row["all features"] / divided[name]["all features"] for name, row in expected.items())
    assert round(factors[0], -2) == 1300 and round(factors[-1], -3) == 10_000
    assert by_all == by_divided and expected[others]["all features"] > 10 * expected[dealt]["all features"]
    assert round(expected[painted]["all features"] / expected[others]["all features"]) == 8
    lowest, highest = min(puzzle["paper"]["values"].values()), max(puzzle["paper"]["values"].values())
    assert lowest < shallow[others] < highest and lowest < divided[others]["all features"] < highest
    assert all(max(puzzle["frames"][name]) < 192 for name in (dealt, others, noisy)) and min(puzzle["frames"][painted]) > 5 * 192
