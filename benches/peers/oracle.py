"""The independent oracle: prox-Newton in numpy and float64, each answer certified by its duality gap.

F(w) = sum_i s_i [log(1 + exp(x_i w)) - y_i x_i w] / sum_i s_i + lambda |w|_1, with w >= 0 if `nonneg`. A start only saves
time: what an answer is worth is said by the gap, which bounds F(w) - min F whatever led to w. `agreement` compares with
scikit-learn, glum and scipy.
"""

import numpy as np

CHUNK = 50_000
TARGET = 1e-9  # duality gap, relative to F


def chunks(X, columns=None):
    """Float64 pieces of X with their place."""
    for lo in range(0, X.shape[0], CHUNK):
        piece = X[lo : lo + CHUNK] if columns is None else X[lo : lo + CHUNK][:, columns]
        yield slice(lo, lo + CHUNK), np.asarray(piece, np.float64)


def margins(X, w):
    """X w."""
    used = np.flatnonzero(w)
    if len(used) == 0:
        return np.zeros(X.shape[0])
    return np.concatenate([x @ w[used] for _, x in chunks(X, used)])


def loss_at(z, y, s):
    """Mean loss at margins z."""
    return s @ (np.logaddexp(0, z) - y * z) / s.sum()


def objective(X, y, w, lam, s=None):
    """F(w)."""
    s = np.ones(len(y)) if s is None else s
    return loss_at(margins(X, w), y, s) + lam * np.abs(w).sum()


def lambda_max(X, y):
    """Smallest lambda at which w = 0 is optimal (nobody's sign is constrained)."""
    return np.abs(sum(x.T @ (y[at] - 0.5) for at, x in chunks(X))).max() / len(y)


def solve(X, y, lam, nonneg=False, s=None, start=None):
    """(w, F(w), relative bound on F(w) - min F)."""
    s = np.ones(len(y)) if s is None else s
    total = s.sum()
    w = np.zeros(X.shape[1]) if start is None else np.where(nonneg & (start < 0), 0, start).astype(np.float64)
    z = margins(X, w)
    bound = np.inf
    for _ in range(60):
        p = 1 / (1 + np.exp(-z))
        r = s * (p - y) / total
        g = sum(x.T @ r[at] for at, x in chunks(X))
        F = loss_at(z, y, s) + lam * np.abs(w).sum()
        violation = np.where(w != 0, np.abs(g + lam * np.sign(w)), np.maximum((-g if nonneg else np.abs(g)) - lam, 0))
        if lam > 0 and violation.max() < 1e-6 * lam:
            bound = gap(z, y, s, g, lam, nonneg, F) / F
            if bound <= TARGET:
                break
        work = np.flatnonzero((w != 0) | (violation > 0))
        H = np.zeros((len(work), len(work)))
        bend = s * p * (1 - p) / total
        for at, x in chunks(X, work):
            H += (x * bend[at, None]).T @ x
        step = np.zeros_like(w)
        step[work] = quadratic(H, g[work], w[work], lam, nonneg) - w[work]
        if lam == 0:
            bound = 0.5 * abs(g[work] @ step[work]) / F  # half the Newton decrement
            if bound <= 1e-13:
                break
        moved = margins(X, step)
        t, before = 1.0, F
        while True:
            F = loss_at(z + t * moved, y, s) + lam * np.abs(w + t * step).sum()
            if F <= before + 1e-14 or t < 1e-6:
                break
            t /= 2
        w, z = w + t * step, z + t * moved
        w[np.abs(w) < 1e-300] = 0
    return w, loss_at(z, y, s) + lam * np.abs(w).sum(), bound


def gap(z, y, s, g, lam, nonneg, F):
    """F(w) - D at the dual point of w, shrunk until it is feasible."""
    shrink = min(1.0, lam / max((-g).max() if nonneg else np.abs(g).max(), 1e-300))
    u = np.clip(y + shrink * (1 / (1 + np.exp(-z)) - y), 1e-300, 1 - 1e-16)
    return F + s @ (u * np.log(u) + (1 - u) * np.log1p(-u)) / s.sum()


def quadratic(H, g, w, lam, nonneg):
    """argmin over v of g (v - w) + (v - w) H (v - w) / 2 + lam |v|_1: coordinate descent, then exactly on its signs."""
    v, q = w.copy(), g.copy()
    if lam > 0:
        for sweep in range(300):
            largest = 0.0
            for j in range(len(w)):
                if H[j, j] <= 0:
                    continue
                u = H[j, j] * v[j] - q[j]
                to = (max(u - lam, 0.0) if nonneg else np.sign(u) * max(abs(u) - lam, 0.0)) / H[j, j]
                if to != v[j]:
                    q += (to - v[j]) * H[:, j]
                    largest = max(largest, abs(to - v[j]))
                    v[j] = to
            if largest < 1e-9 * (1 + np.abs(v).max()):
                break
    on = np.flatnonzero(v) if lam > 0 else np.arange(len(w))
    # On these signs the penalty is linear: H_on (v - w)_on = -(g + lam sign) - H_on,off (v - w)_off.
    off = np.setdiff1d(np.arange(len(w)), on)
    right = -(g[on] + lam * np.sign(v[on])) + H[np.ix_(on, off)] @ w[off]
    exact = np.zeros_like(w)
    exact[on] = w[on] + np.linalg.lstsq(H[np.ix_(on, on)], right, rcond=None)[0]
    return exact if lam == 0 or (np.sign(exact[on]) == np.sign(v[on])).all() else v


def rule(fit, d):
    """Fit without penalty, drop negative weights, fit again, until none is negative. `fit(columns)` gives weights."""
    columns = np.arange(d)
    while True:
        w = np.asarray(fit(columns), np.float64)
        if (w >= 0).all():
            break
        columns = columns[w >= 0]
    full = np.zeros(d)
    full[columns] = w
    return full


def solve_rule(X, y):
    """(w, F(w), bound) of VisionReward's rule, from w = 0."""
    last, found = np.zeros(X.shape[1]), {}

    def fit(columns):
        sub = X[:, columns]
        w, found["F"], found["bound"] = solve(sub, y, 0.0, start=last[columns])
        last[columns] = w
        return w

    return rule(fit, X.shape[1]), found["F"], found["bound"]


def agreement(X, y):
    """Relative difference of F between this oracle, from w = 0, and three libraries at tight tolerance."""
    from glum import GeneralizedLinearRegressor
    from scipy.optimize import minimize
    from sklearn.linear_model import LogisticRegression

    X, lam = np.asarray(X, np.float64), 0.01 * lambda_max(X, y)
    ours, at_zero = solve(X, y, lam)[1], solve(X, y, 0.0)[1]
    bounded = solve(X, y, lam, nonneg=True)[1]
    sk = LogisticRegression(l1_ratio=1.0, solver="liblinear", C=1 / (len(y) * lam), tol=1e-12, fit_intercept=False,
                            max_iter=100_000).fit(X, y).coef_[0]
    glum = GeneralizedLinearRegressor(family="binomial", alpha=0.0, fit_intercept=False, gradient_tol=1e-10,
                                      max_iter=1000).fit(X, y).coef_

    def f(w):
        z = X @ w
        return loss_at(z, y, np.ones(len(y))) + lam * w.sum(), X.T @ (1 / (1 + np.exp(-z)) - y) / len(y) + lam
    sp = minimize(f, np.zeros(X.shape[1]), jac=True, method="L-BFGS-B", bounds=[(0, None)] * X.shape[1],
                  options=dict(maxiter=20_000, maxfun=40_000, ftol=1e-15, gtol=1e-10)).fun
    return {
        "scikit-learn liblinear, L1": abs(objective(X, y, sk, lam) - ours) / ours,
        "glum, no penalty": abs(objective(X, y, glum, 0.0) - at_zero) / at_zero,
        "scipy L-BFGS-B, non-negative L1": abs(sp - bounded) / bounded,
    }
