"""The peers. As a program: `solvers.py JOB.json` runs one of them on one row in a fresh process and writes its result.

A solver's tolerance is tightened along its ladder until F is within 1e-6 of the reference; that setting is then timed.
Layout conversion and compilation are not timed, in the peers' favour.
"""

import json
import sys
import time
import warnings
from pathlib import Path

import numpy as np

TARGET = 1e-6
LADDER = [10.0**-k for k in range(2, 13)]


class Solver:
    """`prepare` is not timed; the tasks are."""

    dtype, ladder, layout = "float64", LADDER, "C"

    def prepare(self, X, y, threads):
        self.X = np.array(X, self.dtype, order=self.layout)
        self.y, self.threads = y.astype(self.dtype), threads
        self.n, self.d = X.shape

    def single(self, lam, nonneg, tol, s=None):
        raise NotImplementedError

    def path(self, lams, nonneg, tol):
        raise NotImplementedError

    def boot(self, copies, lam, tol):
        return np.array([self.single(lam, False, tol, s) for s in copies])


class Adelie(Solver):
    """adelie.grpnet with groups of one."""

    layout = "F"
    ladder = LADDER[2:]  # at 1e-3 its outer loop can cycle

    def path(self, lams, nonneg, tol, s=None):
        import adelie as ad

        glm = ad.glm.binomial(self.y, dtype=self.X.dtype.type, weights=None if s is None else (s / s.sum()).astype(self.dtype))
        bounds = [ad.constraint.lower(np.zeros(1, self.dtype)) for _ in range(self.d)] if nonneg else None
        fit = ad.grpnet(ad.matrix.dense(self.X, method="naive", n_threads=self.threads), glm, constraints=bounds,
                        lmda_path=np.asarray(lams, self.dtype), alpha=1.0, intercept=False, tol=tol,
                        irls_tol=max(tol, 1e-12), adev_tol=1.0, ddev_tol=0.0, early_exit=False,
                        n_threads=self.threads, progress_bar=False)
        return np.asarray(fit.betas.todense(), np.float64)

    def single(self, lam, nonneg, tol, s=None):
        return self.path([lam], nonneg, tol, s)[-1]

    def cv(self, lams, folds, tol):
        """Its own folds and grid of the same size, then the path on all rows, whose objective is checked."""
        import adelie as ad

        ad.cv_grpnet(self.X, ad.glm.binomial(self.y, dtype=self.X.dtype.type), n_threads=self.threads, n_folds=folds,
                     seed=0, lmda_path_size=len(lams), min_ratio=float(lams[-1] / lams[0]), alpha=1.0, intercept=False,
                     tol=tol, irls_tol=max(tol, 1e-12), progress_bar=False)
        return self.path(lams, False, tol)


class Adelie32(Adelie):
    dtype = "float32"
    ladder = LADDER[2:7]


class Snap(Solver):
    dtype, ladder = "float32", LADDER[:7]

    def single(self, lam, nonneg, tol, s=None):
        from snapml import LogisticRegression

        model = LogisticRegression(penalty="l1", dual=False, regularizer=self.n * lam, tol=tol, max_iter=20_000,
                                   n_jobs=self.threads, fit_intercept=False)
        return model.fit(self.X, self.y).coef_.ravel()


class Glum(Solver):
    layout, ladder = "F", LADDER[:7]

    def model(self, **options):
        from glum import GeneralizedLinearRegressor

        return GeneralizedLinearRegressor(family="binomial", fit_intercept=False, check_input=False, copy_X=False,
                                          max_iter=500, **options)

    def bounds(self, nonneg):
        return np.zeros(self.d, self.dtype) if nonneg else None

    def single(self, lam, nonneg, tol, s=None):
        model = self.model(alpha=lam, l1_ratio=1.0, gradient_tol=tol, lower_bounds=self.bounds(nonneg))
        return model.fit(self.X, self.y, sample_weight=s).coef_

    def path(self, lams, nonneg, tol):
        model = self.model(alpha_search=True, alphas=list(lams), l1_ratio=1.0, gradient_tol=tol,
                           lower_bounds=self.bounds(nonneg))
        return model.fit(self.X, self.y).coef_path_[:, -self.d :]

    def unpenalised(self, X, tol):
        return self.model(alpha=0.0, gradient_tol=tol).fit(X, self.y).coef_


class Glum32(Glum):
    dtype = "float32"


class SklearnLiblinear(Solver):
    def single(self, lam, nonneg, tol, s=None):
        from sklearn.linear_model import LogisticRegression

        model = LogisticRegression(l1_ratio=1.0, solver="liblinear", C=1 / (self.n * lam), tol=tol, fit_intercept=False,
                                   max_iter=1000)
        return model.fit(self.X, self.y, sample_weight=s).coef_[0]


class SklearnLbfgs32(Solver):
    dtype, solver = "float32", "lbfgs"

    def unpenalised(self, X, tol):
        from sklearn.linear_model import LogisticRegression

        model = LogisticRegression(C=float("inf"), solver=self.solver, tol=tol, fit_intercept=False, max_iter=2000)
        return model.fit(X, self.y).coef_[0]


class SklearnNewtonCholesky(SklearnLbfgs32):
    dtype, solver = "float64", "newton-cholesky"


class Skglm(Solver):
    """Compiled before it is timed."""

    layout = "F"

    def prepare(self, X, y, threads):
        from skglm.datafits import Logistic
        from skglm.utils.jit_compilation import compiled_clone

        super().prepare(X, y, threads)
        self.sides, self.loss = 2 * self.y - 1, compiled_clone(Logistic())
        for _ in range(2):
            self.single(0.1, False, 1e-2)

    def single(self, lam, nonneg, tol, s=None):
        from skglm.penalties import L1
        from skglm.solvers import ProxNewton
        from skglm.utils.jit_compilation import compiled_clone

        solver = ProxNewton(tol=tol, fit_intercept=False, max_iter=100)
        return solver.solve(self.X, self.sides, self.loss, compiled_clone(L1(lam, positive=nonneg)))[0][: self.d]


class Celer(Solver):
    layout = "F"

    def path(self, lams, nonneg, tol):
        from celer import celer_path

        return celer_path(self.X, 2 * self.y - 1, pb="logreg", alphas=np.asarray(lams) * self.n, tol=tol, max_iter=100,
                          use_PN=True)[1].T

    def single(self, lam, nonneg, tol, s=None):
        return self.path([lam], nonneg, tol)[0]


SOLVERS = {
    "adelie": Adelie, "adelie-f32": Adelie32, "snapml": Snap, "glum": Glum, "glum-f32": Glum32, "skglm": Skglm,
    "celer": Celer, "sklearn-liblinear": SklearnLiblinear, "sklearn-lbfgs-f32": SklearnLbfgs32,
    "sklearn-newton-cholesky": SklearnNewtonCholesky,
}


def supports(name, row):
    """Whether a solver can do a row."""
    solver = SOLVERS[name]
    if row.nonneg and not issubclass(solver, (Adelie, Glum, Skglm)):
        return False
    if row.task == "boot":
        return issubclass(solver, (Adelie, Glum, SklearnLiblinear))
    own = {"single": solver.single is not Solver.single, "path": solver.path is not Solver.path}
    return own.get(row.task, hasattr(solver, {"cv": "cv", "vr": "unpenalised"}.get(row.task, "")))


def main():
    warnings.filterwarnings("ignore")
    import oracle
    import rows

    job = json.loads(Path(sys.argv[1]).read_text())
    row = next(r for r in rows.ROWS if r.id == job["row"])
    reference = np.load(job["reference"])
    lams, checked, best = reference["lambdas"], reference["checked"], reference["F"]
    X, y = rows.load(Path(job["base"]), row.data)
    solver = SOLVERS[job["solver"]]()
    solver.prepare(X, y, job["threads"])
    copies = [rows.copies(len(y), b) for b in range(row.share)]

    def once(tol):
        begun = time.perf_counter()
        if row.task == "single":
            W = solver.single(lams[0], row.nonneg, tol)
        elif row.task == "path":
            W = solver.path(lams, row.nonneg, tol)
        elif row.task == "cv":
            W = solver.cv(lams, rows.FOLDS, tol)
        elif row.task == "boot":
            W = solver.boot(copies, lams[0], tol)
        else:
            sub = lambda columns: solver.X if len(columns) == solver.d else np.array(solver.X[:, columns], order=solver.layout)
            W = oracle.rule(lambda columns: solver.unpenalised(sub(columns), tol), solver.d)
        return time.perf_counter() - begun, np.atleast_2d(np.asarray(W, np.float64))

    def error(W):
        worst = 0.0
        for place, F in zip(checked, best):
            if row.task == "boot" and place >= row.share:
                continue
            w, s = W[place], copies[place] if row.task == "boot" else None
            if row.nonneg and w.min() < -1e-6:
                return float("nan")
            worst = max(worst, (oracle.objective(X, y, np.maximum(w, 0) if row.nonneg else w, lams[0 if row.task == "boot" else place], s) - F) / F)
        return worst

    result = dict(solver=job["solver"], row=row.id, reached=False)
    end = time.time() + job["budget"]
    for tol in solver.ladder:
        begun = time.perf_counter()
        # A cross-validation takes the tolerance that its path needs, and is run at that one only.
        seconds, W = (None, solver.path(lams, row.nonneg, tol)) if row.task == "cv" else once(tol)
        seconds = seconds or time.perf_counter() - begun
        worst = float(error(W))
        result.update(tolerance=tol, error=worst, runs=[seconds], reached=worst <= TARGET)
        if result["reached"] or time.time() + seconds > end:
            break
    if result["reached"] and row.task == "cv":
        result["runs"] = [once(tol)[0]]
    while result["reached"] and len(result["runs"]) < job["repeats"] and time.time() + result["runs"][-1] < end:
        result["runs"].append(once(tol)[0])
    Path(job["out"]).write_text(json.dumps(result))


if __name__ == "__main__":
    main()
