"""The same pairs, the same protocols, other programs: one run, ratios.

    cargo build --release --example evaluate_speed
    python benches/peers-evaluate/compare.py target/release/examples/evaluate_speed [PAIRS SCORERS DRAWS]

Needs NumPy. Compared, each on the pairs that our program writes:

* headfit: bootstrap of all scorers, timed by itself (reading excluded);
* NumPy, fixed thresholds: counts per prompt once, draws as a matrix product (the fast way to do it there);
* NumPy, tau: margins sorted once, cumulative sums of the drawn weights per draw;
* the rule of mt-metrics-eval's tau optimisation (per-prompt statistics, a Python loop over sorted pairs): one evaluation
  per scorer, times the draws;
* the rule of VideoAlign's calc_accuracy (a Python loop over sorted pairs): likewise.

The two rules are written here after their definition (docs: definitions §3.2 and §3.4); their time per evaluation is
measured on up to 200,000 pairs, in proportion.
"""

import csv
import json
import os
import subprocess
import sys
import tempfile
import time

import numpy as np


def read(path):
    with open(path, newline="") as file:
        rows = csv.reader(file)
        next(rows)
        data = np.array([[float(v) for v in row] for row in rows])
    return data[:, 0].astype(np.int64), data[:, 1].astype(np.int8), data[:, 2:]


def numpy_fixed(prompt, human, margins, draws):
    """diff-half of every scorer with its interval."""
    prompts = prompt.max() + 1
    decided = human != 0
    credit = 0.5 + 0.5 * np.sign(margins) * human[:, None]
    per_prompt = np.zeros((prompts, margins.shape[1] + 1))
    np.add.at(per_prompt, prompt[decided], np.c_[credit[decided], np.ones(decided.sum())])
    random = np.random.default_rng(1)
    values = np.empty((draws, margins.shape[1]))
    for draw in range(draws):
        times = np.bincount(random.integers(0, prompts, prompts), minlength=prompts)
        sums = times @ per_prompt
        values[draw] = sums[:-1] / sums[-1]
    total = per_prompt.sum(0)
    return total[0] / total[-1], np.quantile(values[:, 0], [0.025, 0.975])


def numpy_tau(prompt, human, margins, draws):
    """tau of every scorer, recalibrated in every draw."""
    prompts = prompt.max() + 1
    random = np.random.default_rng(1)
    sorted_scorers = []
    for m in margins.T:
        order = np.argsort(np.abs(m), kind="stable")
        level = np.abs(m[order])
        ends = np.r_[level[1:] > level[:-1], True]
        zero = level == 0
        right = (np.sign(m) == human) & (human != 0)
        gain = np.where(human == 0, 1, np.where(right, -1, 0))[order].astype(float)
        start = right | ((m == 0) & (human == 0))
        gain[zero] = 0
        sorted_scorers.append((prompt[order], gain, ends, start[order].astype(float)))
    values = np.empty((draws, margins.shape[1]))
    weights = [np.ones(prompts)] + [None] * draws
    first = None
    for draw in range(draws + 1):
        times = weights[draw]
        if times is None:
            times = np.bincount(random.integers(0, prompts, prompts), minlength=prompts)
        for s, (group, gain, ends, start) in enumerate(sorted_scorers):
            w = times[group]
            best = max(0.0, np.cumsum(w * gain)[ends].max())
            value = (w @ start + best) / w.sum()
            if draw == 0:
                first = value if s == 0 else first
            else:
                values[draw - 1, s] = value
    return first, np.quantile(values[:, 0], [0.025, 0.975])


def ties_matter(prompt, human, m):
    """Mean over prompts of acc_eq, best threshold: the rule of tau optimisation."""
    sizes = np.bincount(prompt)
    agreed = np.zeros(len(sizes))
    for p, h, x in zip(prompt, human, m):
        agreed[p] += (h == 0) if x == 0 else (h * x > 0)
    rows = sum(1 for n in sizes if n)
    total = sum(a / n for a, n in zip(agreed, sizes) if n)
    best, last = total, 0.0
    for x, p, h, sign in sorted((abs(x), p, h, x) for p, h, x in zip(prompt, human, m) if x != 0):
        if x > last:
            best, last = max(best, total), x
        total += (1 if h == 0 else -1 if h * sign > 0 else 0) / sizes[p]
    return max(best, total) / rows


def videoalign(human, m):
    """Rows flipped to tie one by one, scored after each."""
    rows = sorted(zip(human, m), key=lambda row: abs(row[1]))
    agreed = sum(1 for h, x in rows if h * x > 0)
    best = -1
    for h, x in rows:
        agreed += 1 if h == 0 else -1 if h * x > 0 else 0
        best = max(best, agreed)
    return best / len(rows)


def timed(work):
    start = time.perf_counter()
    result = work()
    return time.perf_counter() - start, result


def main():
    program = sys.argv[1]
    pairs, scorers, draws = (int(v) for v in (sys.argv[2:5] or ["100000", "10", "200"]))
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "pairs.csv")
        lines = subprocess.run(
            [program, str(pairs), str(scorers), str(draws), path], check=True, capture_output=True, text=True
        ).stdout.splitlines()
        ours = {part["part"]: part for part in map(json.loads, lines)}
        prompt, human, margins = read(path)
    print(f"{pairs} pairs, {scorers} scorers, {draws} draws")
    print(f"{'what':42} {'seconds':>10} {'ratio':>9}  value [interval]")

    def row(name, seconds, base, text):
        print(f"{name:42} {seconds:10.2f} {seconds / base:9.1f}  {text}")

    def text(value, interval):
        return f"{value:.6f} [{interval[0]:.4f}, {interval[1]:.4f}]"

    for part in ("fixed thresholds", "tau", "ties-matter-row"):
        found = ours[part]
        base = found["seconds"]
        row(f"headfit, {part}", base, base, f"{found['protocol']} {text(found['value'], (found['low'], found['high']))}")
        if part == "fixed thresholds":
            seconds, (value, interval) = timed(lambda: numpy_fixed(prompt, human, margins, draws))
            row("  NumPy, diff-half alone", seconds, base, text(value, interval))
            assert abs(value - found["value"]) < 1e-12
        if part == "tau":
            seconds, (value, interval) = timed(lambda: numpy_tau(prompt, human, margins, draws))
            row("  NumPy, margins sorted once", seconds, base, text(value, interval))
            assert abs(value - found["value"]) < 1e-12
            some = min(pairs, 200_000)
            seconds, value = timed(lambda: videoalign(human[:some].tolist(), margins[:some, 0].tolist()))
            row("  VideoAlign's rule (scaled)", seconds * pairs / some * scorers * draws, base, f"{value:.6f}")
        if part == "ties-matter-row":
            some = min(pairs, 200_000)
            sub = (prompt[:some].tolist(), human[:some].tolist(), margins[:some, 0].tolist())
            seconds, value = timed(lambda: ties_matter(*sub))
            row("  mt-metrics-eval's rule (scaled)", seconds * pairs / some * scorers * draws, base, f"{value:.6f}")
            assert some < pairs or abs(value - found["value"]) < 1e-9


if __name__ == "__main__":
    main()
