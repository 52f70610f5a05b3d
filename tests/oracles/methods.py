"""Values that tests of src/fit compare with. Needs numpy, scipy, statsmodels; its output is kept in methods.txt.

The problem is made of integers only, so that the tests rebuild it (src/fit/method_tests.rs, `problem`).
"""
import numpy as np
import scipy
import scipy.optimize as opt
import statsmodels
from statsmodels.miscmodels.ordinal_model import OrderedModel

N, D = 240, 5
x = np.array([[((i * i * 31 + j * 17 + i * (j + 2) * 7 + (i // 5) * j * 13) % 23 % 3) * 2.0 - 2.0 for j in range(D)]
              for i in range(N)])
truth = np.array([0.6, 0.0, 0.3, -0.25, 0.1])
noise = np.array([((i * i * 97 + 13 * i) % 101) / 101 * 3 - 1.5 for i in range(N)])
latent = x @ truth + noise
label = np.where(latent > 0.4, 1, np.where(latent < -0.4, -1, 0))
a, t, b = (label == 1) * 1.0, (label == 0) * 1.0, (label == -1) * 1.0


def softplus(v):
    s = 1 / (1 + np.exp(-v))
    return np.logaddexp(0, v), s


def rao_kupper(p):
    z, eta = x @ p[:D], p[D]
    la, sa = softplus(eta - z)
    lb, sb = softplus(eta + z)
    value = np.mean((a + t) * la + (b + t) * lb - t * np.log(np.expm1(2 * eta)))
    dz = -(a + t) * sa + (b + t) * sb
    de = (a + t) * sa + (b + t) * sb - 2 * t / (1 - np.exp(-2 * eta))
    return value, np.append(x.T @ dz / N, de.mean())


def davidson(p):
    z, c = x @ p[:D], p[D]
    total = np.logaddexp(np.logaddexp(z / 2, -z / 2), c)
    pa, pb, pt = np.exp(z / 2 - total), np.exp(-z / 2 - total), np.exp(c - total)
    value = np.mean(total - (a - b) * z / 2 - t * c)
    return value, np.append(x.T @ ((pa - pb) / 2 - (a - b) / 2) / N, (pt - t).mean())


def fit(f, lam, bounds):
    """L1 by splitting every weight into its positive and its negative part; the last parameter is not penalised."""
    def g(q):
        value, slope = f(np.append(q[:D] - q[D:2 * D], q[-1]))
        return value + lam * q[:2 * D].sum(), np.concatenate([slope[:D] + lam, -slope[:D] + lam, slope[D:]])
    up = [(0, u if np.isfinite(u) else None) for _, u in bounds]
    down = [(0, -l if np.isfinite(l) else None) for l, _ in bounds]
    last = (1e-6, None) if f is rao_kupper else (None, None)
    q = np.append(np.zeros(2 * D), 0.3)
    for _ in range(20):
        r = opt.minimize(g, q, jac=True, bounds=up + down + [last], method="L-BFGS-B",
                         options=dict(maxiter=100000, maxfun=10**7, maxcor=50, ftol=0, gtol=1e-12))
        q = r.x
    return np.append(q[:D] - q[D:2 * D], q[-1]), r.fun


inf = np.inf
free = [(-inf, inf)] * D
bounded = [(0, inf), (0, inf), (0, 0.2), (-inf, inf), (0, inf)]
print("numpy", np.__version__, "scipy", scipy.__version__, "statsmodels", statsmodels.__version__)
print("labels", int(a.sum()), int(t.sum()), int(b.sum()))
for name, f in (("rao-kupper", rao_kupper), ("davidson", davidson)):
    for lam, bs, tag in ((0.0, free, "free"), (0.03, bounded, "bounded")):
        p, v = fit(f, lam, bs)
        print(name, tag, np.round(p[:D], 7).tolist(), "exp(parameter)", round(float(np.exp(p[D])), 7), "objective", f"{v:.10f}")

rating = np.digitize(latent, [-1.0, -0.2, 0.9])
model = OrderedModel(rating, x, distr="logit")
m = model.fit(method="newton", maxiter=200, disp=False)
cuts = model.transform_threshold_params(m.params)[1:-1]
print("ordered", np.round(m.params[:D], 7).tolist(), "cut-points", np.round(cuts, 7).tolist(), "loss", f"{-m.llf / N:.10f}")
