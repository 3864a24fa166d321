"""Fit the emotion classifier and put it into the package: python tools/train_emotion_classifier.py PREPARED_FOLDER ... [--out FILE]

With --out it goes elsewhere: `emotalk evaluate --emotion-classifier FILE` then measures with one that was fitted to real labels.

A prepared folder is what `emotalk synth` or `emotalk prepare` wrote. Actors of the training split are learned from; on
those of the other two it is measured, and the file's header says the result. Then bring its card up to date.
"""

import argparse
from pathlib import Path

import torch
from safetensors.torch import save_file
from tqdm import tqdm

from emotalk_lite.data.clips import Manifest, load_clip
from emotalk_lite.emotions import EMOTIONS
from emotalk_lite.metrics.emotion import SHIPPED, film_features, fit_emotion_classifier
from emotalk_lite.models.features import load_features
from emotalk_lite.paths import atomic_path


def main() -> None:
    """Fit, measure, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--out", type=Path, default=SHIPPED)
    args = parser.parse_args()
    network = load_features("efficientnet_lite0")
    rows = []
    for manifest in map(Manifest.load, args.folders):
        neutral = {}
        for entry in manifest.clips:
            if entry.emotion == "neutral" and entry.actor not in neutral:
                neutral[entry.actor] = load_clip(manifest.path(entry)).frames[0]
        for entry in tqdm(manifest.clips, desc="features", unit="clip"):
            if entry.actor in neutral:
                rows.append((entry, film_features(load_clip(manifest.path(entry)).frames, neutral[entry.actor], network)))

    features = torch.stack([row for _, row in rows])
    labels = torch.tensor([EMOTIONS.index(entry.emotion) for entry, _ in rows])
    learned = torch.tensor([entry.split == "train" for entry, _ in rows])
    classifier = fit_emotion_classifier(features[learned], labels[learned])
    right = classifier(features).argmax(dim=1) == labels
    said = sorted({entry.source for entry, _ in rows})
    said += [f"{int(learned.sum())} clips of {len({e.actor for e, _ in rows if e.split == 'train'})} actors learned"]
    for intensity in sorted({entry.intensity for entry, _ in rows}):
        unseen = torch.tensor([entry.split != "train" and entry.intensity == intensity for entry, _ in rows])
        if unseen.any():
            said.append(f"unseen actors, intensity {intensity}: {right[unseen].float().mean():.1%} of {int(unseen.sum())}")
    with atomic_path(args.out) as temporary:
        save_file(classifier.state_dict(), temporary, {"about": "; ".join(said)})
    print("\n".join([str(args.out), *said, f"unseen actors: {right[~learned].float().mean():.1%} of {int((~learned).sum())}"]))


if __name__ == "__main__":
    main()
