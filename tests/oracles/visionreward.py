"""VisionReward's released scoring arithmetic, written from facts alone (THUDM/VisionReward at 511960d), as an outside truth.

    python3 tests/oracles/visionreward.py tests/oracles [FOLDER_WITH_THE_RELEASED_WEIGHTS]

writes, for images and videos, the scores of 10,000 random answer sets as little-endian doubles: with drawn weights
(visionreward-image.f64, visionreward-video.f64) and, where the folder is given, with the released ones
(visionreward-image-released.f64, visionreward-video-released.f64). Image files hold one score per set. Video files hold per
set the score and, as 1 or 0, whether the set beats the next one.

Image: 30 answers, yes = +1, no = -1. The first three ask for body, face and hands; a no makes the answers listed under it
0 (positions in the list of 30). Then the three are removed, the alignment score is put in front, and the score is the dot
product with 28 weights, plus the intercept.
Video: 29 answers, the score is the mean of weight x answer; the first of two wins iff the sum of weight x difference is
above 0, so that an equal sum is a loss.
"""

import json
import struct
import sys
from pathlib import Path

SETS = 10_000
MASK = {0: [22, 23, 24, 28, 29], 1: [25, 26], 2: [27]}


class Draw:
    """splitmix64, as numbers in [0, 1): the same in every language."""

    def __init__(self, seed):
        self.state = seed % 2**64

    def __call__(self):
        self.state = (self.state + 0x9E3779B97F4A7C15) % 2**64
        z = self.state
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 % 2**64
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB % 2**64
        return ((z ^ (z >> 31)) >> 11) / 2**53


def answers(n, count):
    """Answer set number n and an alignment score: all no, all yes, then yes-shares from 0 to 1."""
    draw = Draw(1_000_003 * n + count)
    share = 0.0 if n == 0 else 1.0 if n == 1 else draw()
    return [draw() < share for _ in range(count)], draw()


def image_score(weights, intercept, yes, alignment):
    x = [1.0 if y else -1.0 for y in yes]
    for gate, hidden in MASK.items():
        if not yes[gate]:
            for i in hidden:
                x[i] = 0.0
    row = [alignment] + [x[i] for i in range(len(x)) if i not in MASK]
    assert len(row) == len(weights) == 28
    return sum(w * v for w, v in zip(weights, row)) + intercept


def video_score(weights, yes):
    x = [1.0 if y else -1.0 for y in yes]
    assert len(x) == len(weights) == 29
    return sum(w * v for w, v in zip(weights, x)) / len(x)


def video_first_wins(weights, first, second):
    sign = lambda y: 1.0 if y else -1.0
    return sum(w * (sign(a) - sign(b)) for w, a, b in zip(weights, first, second)) > 0


def drawn(seed, count):
    draw = Draw(seed)
    return [draw() for _ in range(count)]


def write(path, numbers):
    Path(path).write_bytes(struct.pack(f"<{len(numbers)}d", *numbers))


def main(out, released=None):
    jobs = [("", drawn(7, 28), 0.25, drawn(8, 29))]
    if released:
        image = json.loads((Path(released) / "VisionReward_Image/weight_select.json").read_text())
        video = json.loads((Path(released) / "VisionReward_Video/weight.json").read_text())
        jobs.append(("-released", image["coef"], image["intercept"][0], video))
    for suffix, image, intercept, video in jobs:
        scores = [image_score(image, intercept, *answers(n, 30)) for n in range(SETS)]
        write(f"{out}/visionreward-image{suffix}.f64", scores)
        sets = [answers(n, 29)[0] for n in range(SETS)]
        rows = []
        for n, yes in enumerate(sets):
            rows += [video_score(video, yes), float(video_first_wins(video, yes, sets[(n + 1) % SETS]))]
        write(f"{out}/visionreward-video{suffix}.f64", rows)


if __name__ == "__main__":
    main(*sys.argv[1:])
