#!/usr/bin/env python3
"""Measures this solver and its fastest peers in one run and prints the table of ratios. See README.md."""

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
TARGET = 1e-6
LIMITED = {"W3a": "W3", "W4a": "W4"}  # rows that are compared with three fused passes


def main():
    options = arguments()
    enter_environment(options)
    sys.path.insert(0, str(HERE))
    bench = Bench(options)
    bench.begin()
    for row in bench.rows:
        bench.measure(row)
        bench.write()
    print("\n" + bench.table())
    sys.exit(0 if bench.passed() or not options.strict else 1)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", nargs="?", default="all", choices=["all", "table"], help="`table` prints the last run again")
    parser.add_argument("--rows", default="", help="comma list, as W2a,W3a; default: all")
    parser.add_argument("--peers", default="", help="comma list of solvers, or `all`; default: the fastest of each row")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--repeats", type=int, default=3, help="timed runs; the median counts")
    parser.add_argument("--budget", type=float, default=120, help="seconds of one peer on one row")
    parser.add_argument("--storage", default="i8", choices=["i8", "f32"], help="of hard answers, for this solver")
    parser.add_argument("--dir", type=Path, default=ROOT / "target" / "peers", help="environment, matrices, results")
    parser.add_argument("--program", type=Path, help="a built `peer`; default: build it")
    parser.add_argument("--strict", action="store_true", help="exit 1 if a row is below its bar")
    options = parser.parse_args()
    options.dir = options.dir.resolve()
    return options


def enter_environment(options):
    """Makes the virtual environment once and runs this file in it."""
    venv, want = options.dir / "venv", (HERE / "requirements.txt").read_text()
    if Path(sys.prefix).resolve() == venv.resolve():
        return
    made = venv / "requirements.txt"
    if not made.exists() or made.read_text() != want:
        print(f"making {venv}", flush=True)
        subprocess.run([sys.executable, "-m", "venv", venv], check=True)
        subprocess.run([venv / "bin/python", "-m", "pip", "install", "--quiet", "-r", HERE / "requirements.txt"], check=True)
        made.write_text(want)
    python = str(venv / "bin/python")
    os.execv(python, [python, *sys.argv])


def environment(threads):
    """Every library's number of threads."""
    names = ["OMP", "OPENBLAS", "MKL", "NUMBA", "RAYON", "NUMEXPR"]
    return os.environ | {f"{name}_NUM_THREADS": str(threads) for name in names} | {"PYTHONWARNINGS": "ignore"}


class Bench:
    def __init__(self, options):
        import rows
        import solvers

        self.options, self.dir = options, options.dir
        wanted = options.rows.split(",") if options.rows else [row.id for row in rows.ROWS]
        self.rows = [row for row in rows.ROWS if row.id in wanted]
        unknown = set(wanted) - {row.id for row in rows.ROWS}
        named = [] if options.peers in ("", "all") else options.peers.split(",")
        unknown |= set(named) - set(solvers.SOLVERS)
        if unknown:
            sys.exit(f"unknown: {', '.join(sorted(unknown))}; rows: {', '.join(r.id for r in rows.ROWS)}; "
                     f"peers: {', '.join(solvers.SOLVERS)}")
        self.results = {"rows": {}, "limits": {}}
        self.named = list(solvers.SOLVERS) if options.peers == "all" else named
        if options.what == "table":
            self.results = json.loads((self.dir / "results.json").read_text())
            self.rows = [row for row in self.rows if row.id in self.results["rows"]]
            print(self.table())
            sys.exit(0)

    # ---- course

    def begin(self):
        planned = sum(row.seconds for row in self.rows) + 60
        print(f"{len(self.rows)} rows, {self.options.threads} thread(s); planned: {planned / 60:.0f} minutes, and up to 5 more "
              "for the first build and environment", flush=True)
        for folder in ("references", "data"):
            (self.dir / folder).mkdir(parents=True, exist_ok=True)
        self.jobs = tempfile.TemporaryDirectory(dir=self.dir)  # two runs at once do not meet
        self.program = self.options.program or self.build()
        self.results["machine"] = machine()
        self.results["versions"] = versions()
        self.results["begun"] = time.strftime("%Y-%m-%d %H:%M")
        self.results["threads"] = self.options.threads
        self.check_oracle()
        if any(row.id in LIMITED for row in self.rows):
            self.measure_limits()

    def build(self):
        subprocess.run(["cargo", "build", "--release", "--quiet", "--example", "peer"], cwd=ROOT, check=True)
        metadata = subprocess.run(["cargo", "metadata", "--no-deps", "--format-version", "1"], cwd=ROOT, check=True,
                                  capture_output=True)
        return Path(json.loads(metadata.stdout)["target_directory"]) / "release/examples/peer"

    def check_oracle(self):
        import oracle
        import rows

        found = oracle.agreement(*rows.load(self.dir, "W1"))
        self.results["oracle"] = found
        print("oracle against " + "; ".join(f"{name}: {error:.0e}" for name, error in found.items()), flush=True)
        if max(found.values()) > 1e-9:
            sys.exit("the oracle disagrees with the libraries")

    def measure_limits(self):
        import rows

        program = self.dir / "limits"
        compiler = shutil.which("cc") or shutil.which("gcc")
        subprocess.run([compiler, "-O3", "-march=native", "-fopenmp", HERE / "limits.c", "-o", program, "-lm"], check=True)
        for row in self.rows:
            if row.id in LIMITED:
                n = rows.DATA[LIMITED[row.id]].n
                out = subprocess.run([program, str(n), str(self.options.threads)], check=True, capture_output=True, text=True)
                self.results["limits"][row.id] = json.loads(out.stdout)
                print(f"limit {row.id}: {out.stdout.strip()}", flush=True)

    def measure(self, row):
        begun = time.time()
        ours = self.ours(row)
        self.check(row, ours)
        print(f"{row.id:5} {'headfit':24} {ours['seconds']:9.4f} s  error {ours['error']:8.1e}  {ours.get('note', '')}", flush=True)
        peers = []
        for name in self.peers_of(row):
            peer = self.peer(row, name)
            peers.append(peer)
            text = peer.get("failed") or f"{peer['seconds']:9.4f} s  error {peer['error']:8.1e}  tolerance {peer['tolerance']:.0e}"
            print(f"{row.id:5} {name:24} {text}{'' if peer['reached'] else '  1e-6 NOT REACHED'}", flush=True)
        self.results["rows"][row.id] = {"ours": ours, "peers": peers, "took": time.time() - begun}

    def peers_of(self, row):
        import solvers

        return [name for name in (self.named or row.peers) if solvers.supports(name, row)]

    # ---- this solver

    def ours(self, row):
        """Times the program and keeps its weights."""
        import rows

        data, jobs = rows.folder(self.dir, row.data), Path(self.jobs.name)
        hard = (data / "X_i8.npy").exists() and self.options.storage == "i8"
        x, n = data / ("X_i8.npy" if hard else "X.npy"), rows.DATA[row.data].n
        out = jobs / "ours.json"
        lams = self.lambdas(row)
        command = [self.program, "--task", row.task, "--x", x, "--y", data / "y.npy", "--out", out, "--alpha", "1",
                   "--lambdas", ",".join(f"{lam:.17g}" for lam in lams), "--nonneg", str(int(row.nonneg)),
                   "--threads", str(self.options.threads)]
        if row.task == "boot":
            with open(jobs / "copies.f64", "wb") as to:
                for draw in range(rows.REFITS):
                    rows.copies(n, draw).tofile(to)
            command += ["--counts", jobs / "copies.f64"]
        if row.task == "cv":
            rows.folds(n).astype("<i4").tofile(jobs / "folds.i32")
            command += ["--folds", jobs / "folds.i32"]
        subprocess.run(command + ["--repeats", str(self.options.repeats)], check=True, env=environment(self.options.threads))
        result = json.loads(out.read_text())
        runs = result["runs"]
        matrix = x.stat().st_size / 2**20
        return {
            "storage": "i8" if hard else "f32", "runs": runs, "seconds": statistics.median(runs), "weights": result["weights"],
            "folds": result["folds"], "kkt": result["kkt"], "gap": result["gap"], "iterations": result["iterations"],
            # Peak over what the process held before the matrix was read, in matrices.
            "memory": (result["peak_mb"] - result["rss_before_mb"] + matrix) / matrix,
        }

    def lambdas(self, row):
        import numpy as np
        import oracle
        import rows

        kept = self.dir / "references" / f"lambda_max-{row.data}.npy"
        if not kept.exists():
            np.save(kept, oracle.lambda_max(*rows.load(self.dir, row.data)))
        return rows.lambdas(row, float(np.load(kept)))

    # ---- checks

    def check(self, row, ours):
        """Compares the objective with the oracle's and writes the reference that the peers are held to."""
        import numpy as np
        import oracle
        import rows

        X, y = rows.load(self.dir, row.data)
        if X.nbytes < 2**30:
            X = np.asarray(X, np.float64)
        lams, n = self.lambdas(row), len(y)
        W, fold_paths = np.array(ours.pop("weights")), np.array(ours.pop("folds"))
        checked, best, errors, bounds = [], [], [], []

        def compare(w, lam, s=None, keep=None):
            _, F, bound = oracle.solve(X, y, lam, row.nonneg, s, start=w)
            if row.nonneg and w.min() < 0:
                raise SystemExit(f"{row.id}: a weight is negative")
            errors.append((oracle.objective(X, y, w, lam, s) - F) / F)
            bounds.append(bound)
            if keep is not None:
                checked.append(keep)
                best.append(F)

        pick = np.random.default_rng(1)
        if row.task == "single":
            compare(W[0], lams[0], keep=0)
        elif row.task in ("path", "cv"):
            few = {"W3": 6, "W5": 5}.get(row.data, rows.CHECKED)
            for k in np.unique(np.linspace(0, len(lams) - 1, few).astype(int)):
                compare(W[k], lams[k], keep=int(k))
        if row.task == "cv":
            for place in pick.choice(fold_paths.shape[0] * len(lams), rows.CHECKED, replace=False):
                fold, k = divmod(int(place), len(lams))
                compare(fold_paths[fold, k], lams[k], (rows.folds(n) != fold).astype(float))
            ours["note"] = f"{rows.CHECKED} fits of the path, {rows.CHECKED} random ones of {fold_paths.shape[0]} folds × {len(lams)} λ"
        if row.task == "boot":
            # The first few serve the peers as references.
            draws = [0, 1, 2, *pick.choice(np.arange(3, rows.REFITS), rows.CHECKED - 3, replace=False)]
            for draw in draws:
                compare(W[draw], lams[0], rows.copies(n, draw), keep=int(draw))
            ours["note"] = f"{len(draws)} of {len(W)} refits checked"
        if row.task == "vr":
            w, F, bound = oracle.solve_rule(X, y)
            same = (np.flatnonzero(w) == np.flatnonzero(W[0])).all() if (w != 0).sum() == (W[0] != 0).sum() else False
            errors.append((oracle.objective(X, y, W[0], 0.0) - F) / F if same else float("inf"))
            bounds.append(bound)
            checked, best = [0], [F]
            ours["note"] = f"support of {(w != 0).sum()} questions {'equal' if same else 'DIFFERS'}"
        ours["error"], ours["certified"] = float(max(errors)), float(max(bounds))
        np.savez(self.dir / "references" / f"{row.id}.npz", lambdas=lams, checked=checked, F=best)

    # ---- peers

    def peer(self, row, name):
        import rows

        jobs = Path(self.jobs.name)
        job, out, log = jobs / "job.json", jobs / "out.json", jobs / "log.txt"
        out.unlink(missing_ok=True)
        job.write_text(json.dumps({
            "solver": name, "row": row.id, "threads": self.options.threads, "repeats": self.options.repeats,
            "budget": self.options.budget, "out": str(out), "base": str(self.dir),
            "reference": str(self.dir / "references" / f"{row.id}.npz"),
        }))
        with open(log, "w") as to:
            worker = subprocess.Popen([sys.executable, HERE / "solvers.py", job], stdout=to, stderr=to,
                                      env=environment(self.options.threads))
            try:
                worker.wait(3 * self.options.budget)
            except subprocess.TimeoutExpired:
                worker.kill()
                worker.wait()
        if not out.exists():
            last = log.read_text().strip().splitlines()[-1:] or ["took too long"]
            return {"solver": name, "reached": False, "failed": last[0][:150]}
        result = json.loads(out.read_text())
        scale = rows.REFITS / row.share if row.share else 1
        return result | {"seconds": statistics.median(result["runs"]) * scale}

    # ---- results

    def write(self):
        (self.dir / "results.json").write_text(json.dumps(self.results, indent=1))
        (self.dir / "table.md").write_text(self.table())

    def ratio(self, row):
        """(fastest peer, how often our time goes into its)."""
        found = self.results["rows"][row.id]
        reached = [peer for peer in found["peers"] if peer["reached"]]
        if not reached:
            return None, None
        best = min(reached, key=lambda peer: peer["seconds"])
        return best, best["seconds"] / found["ours"]["seconds"]

    def passed(self):
        done = [row for row in self.rows if row.id in self.results["rows"]]
        good = lambda row: (self.ratio(row)[1] or 0) >= row.bar and self.results["rows"][row.id]["ours"]["error"] <= TARGET
        return all(good(row) for row in done)

    def table(self):
        import rows

        r = self.results
        lines = [
            f"{r['machine']}; {r['threads']} thread(s); {r['begun']}. {r['versions']}.", "",
            "| row | work | pairs × questions | fastest peer | s | headfit, s | ratio | not done below | goal | objective error |",
            "|---|---|---|---|---|---|---|---|---|---|",
        ]
        for row in self.rows:
            if row.id not in r["rows"]:
                continue
            ours, (best, ratio), of = r["rows"][row.id]["ours"], self.ratio(row), rows.DATA[row.data]
            peer = f"{best['solver']}{f' ({row.share} of {rows.REFITS:,} run)' if row.share else ''}" if best else "none reached 1e-6"
            below = "" if ratio and ratio >= row.bar else " **below**"
            wrong = "" if ours["error"] <= TARGET else " **above 1e-6**"
            lines.append(
                f"| {row.id} | {row.work} | {of.n:,} × {of.d} {'hard' if of.kind == 'hard' else 'probabilities'} | {peer} | "
                f"{best['seconds'] if best else float('nan'):.3g} | {ours['seconds']:.3g} ({ours['storage']}) | "
                f"{f'{ratio:.1f}×' if ratio else '-'}{below} | {row.bar}× | {row.goal}× | {max(ours['error'], 0):.0e}{wrong} |")
        lines.append("")
        for id, limit in r["limits"].items():
            if id not in r["rows"]:
                continue
            ours, fused = r["rows"][id]["ours"], limit["gradient_f32"]
            lines.append(f"* {id}: one fused gradient pass in f32 takes {1e3 * fused:.1f} ms, reading alone {1e3 * limit['read_f32']:.1f} ms; "
                         f"the fit takes {ours['seconds'] / fused / 3:.1f} times three passes (at most 4).")
        if "W4a" in r["rows"]:
            lines.append(f"* W4a: peak memory {r['rows']['W4a']['ours']['memory']:.2f} times the matrix (at most 1.3).")
        for id, found in r["rows"].items():
            if "note" in found["ours"]:
                lines.append(f"* {id}: {found['ours']['note']}; the references are certified to a relative gap of {found['ours']['certified']:.0e}.")
        return "\n".join(lines) + "\n"


def machine():
    """Processor and cores."""
    name = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), platform.machine())
    return f"{name}, {os.cpu_count()} cores, {platform.system()}"


def versions():
    from importlib.metadata import version

    return ", ".join(f"{name} {version(name)}" for name in ("adelie", "glum", "scikit-learn", "snapml", "skglm", "celer"))


if __name__ == "__main__":
    main()
