"""What is measured: the rows of the table, and the seeded data behind them."""

import json
import multiprocessing
from dataclasses import dataclass
from pathlib import Path

import numpy as np

LAMBDA = 0.01  # of lambda_max, for single fits
PATH = (100, 1e-3)  # number of lambda, ratio of the last to the first
FOLDS = 10
REFITS = 1000
CHECKED = 20  # fits of a path, a cross-validation or a bootstrap that the oracle solves too


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    id: str
    work: str
    data: str
    task: str  # single, path, cv, boot or vr
    peers: tuple  # the fastest first, as measured before
    bar: float  # not done below this ratio
    goal: float
    seconds: int  # planned time of everything in this row
    nonneg: bool = False
    length: int = PATH[0]  # lambda of a path
    share: int = 0  # bootstrap refits that a peer runs; its time is scaled


@dataclass(frozen=True)
class Data:
    """One matrix: hard answers (differences -2, 0, 2) or probabilities."""

    n: int
    d: int
    kind: str
    seed: int


DATA = {
    "W1": Data(1_800, 64, "hard", 11),
    "W2": Data(44_000, 60, "hard", 12),
    "W3": Data(1_000_000, 64, "hard", 14),
    "W3p": Data(1_000_000, 64, "prob", 15),
    "W4": Data(10_000_000, 64, "prob", 16),
    "W5": Data(100_000, 500, "hard", 17),
}

RULE = "VisionReward's rule"
ROWS = [
    Row("W1a", "single L1", "W1", "single", ("adelie-f32", "snapml", "sklearn-liblinear"), 1, 1, 15),
    Row("W1b", "path of 100 λ", "W1", "path", ("adelie", "adelie-f32"), 1, 1, 10),
    Row("W1c", "10-fold CV × 100 λ", "W1", "cv", ("adelie-f32",), 1, 1, 10),
    Row("W1d", "1,000 bootstrap refits", "W1", "boot", ("adelie-f32",), 1, 1, 10, share=50),
    Row("W1e", RULE, "W1", "vr", ("sklearn-lbfgs-f32", "glum"), 1, 1, 10),
    Row("W2a", "single L1", "W2", "single", ("adelie-f32", "snapml"), 4, 10, 15),
    Row("W2b", "path of 100 λ", "W2", "path", ("adelie-f32",), 4, 10, 20),
    Row("W2c", "10-fold CV × 100 λ", "W2", "cv", ("adelie-f32",), 8, 20, 60),
    Row("W2d", "1,000 bootstrap refits", "W2", "boot", ("adelie-f32", "sklearn-liblinear"), 15, 50, 60, share=20),
    Row("W2e", RULE, "W2", "vr", ("sklearn-lbfgs-f32", "sklearn-newton-cholesky"), 5, 10, 15),
    Row("W2g", "non-negative L1", "W2", "single", ("adelie-f32",), 4, 10, 10, nonneg=True),
    Row("W2gb", "path of 100 λ, non-negative", "W2", "path", ("adelie-f32",), 4, 10, 20, nonneg=True),
    Row("W3a", "single L1", "W3", "single", ("adelie-f32", "snapml"), 6, 12, 60),
    Row("W3pa", "single L1", "W3p", "single", ("adelie-f32", "glum-f32"), 6, 12, 60),
    Row("W3b", "path of 100 λ", "W3", "path", ("adelie-f32",), 6, 12, 150),
    Row("W3e", RULE, "W3", "vr", ("sklearn-lbfgs-f32", "glum"), 6, 12, 120),
    Row("W4a", "single L1", "W4", "single", ("glum-f32",), 10, 20, 300),
    Row("W5a", "single L1", "W5", "single", ("adelie-f32", "snapml"), 5, 5, 60),
    Row("W5b", "path of 20 λ", "W5", "path", ("adelie-f32",), 5, 5, 90, length=20),
]


def folder(base: Path, name: str) -> Path:
    """The folder of data set `name`, generated if it is not there."""
    to = base / "data" / name
    if not (to / "done.json").exists():
        generate(to, DATA[name])
    return to


def load(base: Path, name: str):
    """X as it lies on disk (f32, not read before it is used) and y in f64."""
    to = folder(base, name)
    return np.load(to / "X.npy", mmap_mode="r"), np.load(to / "y.npy").astype(np.float64)


def lambdas(row: Row, lambda_max: float) -> np.ndarray:
    """The penalties of a row."""
    if row.task == "vr":
        return np.zeros(1)
    if row.task in ("single", "boot"):
        return np.array([LAMBDA * lambda_max])
    return lambda_max * np.logspace(0, np.log10(PATH[1]), row.length)


def folds(n: int) -> np.ndarray:
    """The fold of every row."""
    return np.random.default_rng(5).permutation(n) % FOLDS


def copies(n: int, draw: int) -> np.ndarray:
    """How often resample `draw` holds every row."""
    random = np.random.default_rng([77, draw])
    return np.bincount(random.integers(0, n, n), minlength=n).astype(np.float64)


# ---- generation ------------------------------------------------------------------------------------------------------
#
# A sample has a latent quality; each sub-dimension's quality correlates with it; two to five nested questions ask whether
# that quality is above a threshold. "hard": the judge answers yes (+1) or no (-1), with noise that the questions of one
# sub-dimension share, and a few answers flipped. "prob": P(yes). Two samples make a pair, x = first - second, labelled by
# Bradley-Terry with sparse, non-negative weights.

CHUNK = 100_000
CORRELATION, NOISE, FLIPPED = 0.55, 0.6, 0.03
NONZERO, MARGIN_SD, UNSEEN = 0.4, 1.6, 0.5


def layout(d: int, random):
    """Sub-dimension and threshold of every question."""
    group, threshold = [], []
    while len(group) < d:
        m = min(int(random.integers(2, 6)), d - len(group))
        group += [group[-1] + 1 if group else 0] * m
        threshold += list(np.sort(random.normal(0, 1.0, m)) * 1.1)
    return np.array(group), np.array(threshold, np.float32)


def answers(random, n: int, group, threshold, kind: str):
    """The judge's answers about n samples."""
    f = np.float32
    normal = lambda *shape: random.standard_normal(shape, dtype=f)
    quality = f(CORRELATION) * normal(n, 1) + f(np.sqrt(1 - CORRELATION**2)) * normal(n, group[-1] + 1)
    if kind == "hard":
        quality += f(NOISE) * normal(n, group[-1] + 1)
        yes = quality[:, group] > threshold
        yes ^= random.random((n, len(group)), dtype=f) < f(FLIPPED)
        return yes.astype(f) * f(2) - f(1)
    logit = (quality[:, group] - threshold) / f(NOISE) + f(0.5) * normal(n, len(group))
    return 1 / (1 + np.exp(-logit))


def planted(of: Data):
    """Layout and true weights, scaled so that margins spread as they should."""
    random = np.random.default_rng([of.seed, 0])
    group, threshold = layout(of.d, random)
    w = np.where(random.random(of.d) < NONZERO, random.exponential(1.0, of.d) + 0.1, 0.0)
    pilot = np.random.default_rng([of.seed, 1])
    x = answers(pilot, 20_000, group, threshold, of.kind) - answers(pilot, 20_000, group, threshold, of.kind)
    return group, threshold, (w * MARGIN_SD / (x @ w).std()).astype(np.float32)


def chunk(job):
    """Rows of one chunk, written into the open files."""
    to, of, c = job
    group, threshold, w = planted(of)
    first = c * CHUNK
    n = min(CHUNK, of.n - first)
    random = np.random.default_rng([of.seed, 2, c])
    x = answers(random, n, group, threshold, of.kind) - answers(random, n, group, threshold, of.kind)
    z = x @ w + np.float32(UNSEEN) * random.standard_normal(n, dtype=np.float32)
    wins = random.random(n, dtype=np.float32) < 1 / (1 + np.exp(-z))
    np.load(to / "X.npy", mmap_mode="r+")[first : first + n] = x
    np.load(to / "y.npy", mmap_mode="r+")[first : first + n] = wins
    if of.kind == "hard":
        np.load(to / "X_i8.npy", mmap_mode="r+")[first : first + n] = x


def generate(to: Path, of: Data):
    """Writes X.npy (f32), y.npy (f32) and, for hard answers, X_i8.npy."""
    to.mkdir(parents=True, exist_ok=True)
    files = {"X.npy": (np.float32, (of.n, of.d)), "y.npy": (np.float32, (of.n,))}
    if of.kind == "hard":
        files["X_i8.npy"] = (np.int8, (of.n, of.d))
    for name, (kind, shape) in files.items():
        np.lib.format.open_memmap(to / name, "w+", kind, shape)
    jobs = [(to, of, c) for c in range(-(-of.n // CHUNK))]
    with multiprocessing.Pool() as pool:
        pool.map(chunk, jobs, chunksize=1)
    (to / "done.json").write_text(json.dumps(vars(of)))
