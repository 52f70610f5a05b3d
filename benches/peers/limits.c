// What a pass over an n x 64 matrix costs at least: margins and gradient of the logistic loss, fused in one read, in f32.
//
//     cc -O3 -march=native -fopenmp limits.c -o limits -lm && ./limits N THREADS
//
// Prints one JSON object: median seconds of reading the matrix, and of the fused gradient with f32 and i8 storage.
// Vectors are 512 bits wide where the machine has them, else 256 (AVX2 with FMA). The gradient is compared with a plain
// loop in f64 before anything is timed.
#include <immintrin.h>
#include <math.h>
#include <omp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { D = 64, REPEATS = 7 };

#ifdef __AVX512F__
enum { L = 16 };
typedef __m512 V;
typedef __m512i I;
#define OP(name) _mm512_##name
#define ROUND(t) _mm512_roundscale_ps(t, 0)
#define SCALE(p, k) _mm512_scalef_ps(p, k)
#define WIDEN(p) _mm512_cvtepi8_epi32(_mm_loadu_si128((const __m128i *)(p)))
#define OR(a, p) _mm512_or_si512(a, _mm512_loadu_si512(p))
#define ZERO_I _mm512_setzero_si512()
#else
enum { L = 8 };
typedef __m256 V;
typedef __m256i I;
#define OP(name) _mm256_##name
#define ROUND(t) _mm256_round_ps(t, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC)
#define SCALE(p, k) _mm256_mul_ps(p, _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_add_epi32(_mm256_cvtps_epi32(k), _mm256_set1_epi32(127)), 23)))
#define WIDEN(p) _mm256_cvtepi8_epi32(_mm_loadl_epi64((const __m128i *)(p)))
#define OR(a, p) _mm256_or_si256(a, _mm256_loadu_si256((const __m256i *)(p)))
#define ZERO_I _mm256_setzero_si256()
#endif
enum { K = D / L, ROWS = 8 };

static int ascending(const void *a, const void *b) {
  double x = *(const double *)a - *(const double *)b;
  return (x > 0) - (x < 0);
}

#define TIMED(out, code) { double t[REPEATS]; \
  for (int r = 0; r < REPEATS; r++) { double from = omp_get_wtime(); code; t[r] = omp_get_wtime() - from; } \
  qsort(t, REPEATS, sizeof *t, ascending); out = t[REPEATS / 2]; }

static void *room(size_t bytes) {
  void *p = mmap(0, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  madvise(p, bytes, MADV_HUGEPAGE);
  return p;
}

// e^x to about two units in the last place, for |x| < 80.
static inline V exponential(V x) {
  V k = ROUND(OP(mul_ps)(x, OP(set1_ps)(1.44269504f)));
  V f = OP(fnmadd_ps)(k, OP(set1_ps)(0.693359375f), x);
  f = OP(fnmadd_ps)(k, OP(set1_ps)(-2.12194440e-4f), f);
  const float c[] = {1.3981999507e-3f, 8.3334519073e-3f, 4.1665795894e-2f, 1.6666665459e-1f, 5.0000001201e-1f};
  V p = OP(set1_ps)(1.9875691500e-4f);
  for (int i = 0; i < 5; i++) p = OP(fmadd_ps)(p, f, OP(set1_ps)(c[i]));
  p = OP(fmadd_ps)(p, OP(mul_ps)(f, f), OP(add_ps)(f, OP(set1_ps)(1)));
  return SCALE(p, k);
}

// Sums of eight vectors of eight lanes, in order.
static inline __m256 sums(const __m256 *s) {
  __m256 a = _mm256_hadd_ps(_mm256_hadd_ps(s[0], s[1]), _mm256_hadd_ps(s[2], s[3]));
  __m256 b = _mm256_hadd_ps(_mm256_hadd_ps(s[4], s[5]), _mm256_hadd_ps(s[6], s[7]));
  return _mm256_add_ps(_mm256_permute2f128_ps(a, b, 0x20), _mm256_permute2f128_ps(a, b, 0x31));
}

static inline __m256 halves(V s) {
#ifdef __AVX512F__
  __m512d d = _mm512_castps_pd(s);
  return _mm256_add_ps(_mm512_castps512_ps256(s), _mm256_castpd_ps(_mm512_extractf64x4_pd(d, 1)));
#else
  return s;
#endif
}

#define LOAD_F32(p) OP(loadu_ps)(p)
#define LOAD_I8(p) OP(cvtepi32_ps)(WIDEN(p))

// Sixty-four rows at a time: their margins, their slopes, their part of the gradient. They stay in the first cache.
#define GRADIENT(name, T, LOAD) \
static void name(const T *X, const float *y, const float *w, long n, double *out) { \
  for (int j = 0; j < D; j++) out[j] = 0; \
  _Pragma("omp parallel") { \
    double mine[D] = {0}; \
    _Pragma("omp for schedule(static)") \
    for (long tile = 0; tile < n / 64; tile++) { \
      const T *x = X + tile * 64 * D; float r[64]; \
      for (int i = 0; i < 64; i += ROWS) { __m256 s[ROWS]; \
        for (int q = 0; q < ROWS; q += 4) { V a[4]; \
          for (int h = 0; h < 4; h++) a[h] = OP(setzero_ps)(); \
          for (int k = 0; k < K; k++) { V wk = OP(loadu_ps)(w + k * L); \
            for (int h = 0; h < 4; h++) a[h] = OP(fmadd_ps)(LOAD(x + (i + q + h) * D + k * L), wk, a[h]); } \
          for (int h = 0; h < 4; h++) s[q + h] = halves(a[h]); } \
        _mm256_storeu_ps(r + i, sums(s)); } \
      for (int i = 0; i < 64; i += L) { V e = exponential(OP(sub_ps)(OP(setzero_ps)(), OP(loadu_ps)(r + i))), one = OP(set1_ps)(1); \
        OP(storeu_ps)(r + i, OP(sub_ps)(OP(div_ps)(one, OP(add_ps)(one, e)), OP(loadu_ps)(y + tile * 64 + i))); } \
      for (int k = 0; k < K; k += 4) { V g[4]; \
        for (int h = 0; h < 4; h++) g[h] = OP(setzero_ps)(); \
        for (int i = 0; i < 64; i++) { V b = OP(set1_ps)(r[i]); \
          for (int h = 0; h < 4; h++) g[h] = OP(fmadd_ps)(b, LOAD(x + i * D + (k + h) * L), g[h]); } \
        for (int h = 0; h < 4; h++) { float lanes[L]; OP(storeu_ps)(lanes, g[h]); \
          for (int l = 0; l < L; l++) mine[(k + h) * L + l] += lanes[l]; } } \
    } \
    _Pragma("omp critical") \
    for (int j = 0; j < D; j++) out[j] += mine[j]; \
  } }
GRADIENT(gradient_f32, float, LOAD_F32)
GRADIENT(gradient_i8, int8_t, LOAD_I8)

static int reading(const char *p, size_t bytes) {
  int seen = 0;
  #pragma omp parallel reduction(+ : seen)
  {
    size_t part = bytes / omp_get_num_threads() / 512 * 512;
    const char *q = p + part * omp_get_thread_num();
    I a[4] = {ZERO_I, ZERO_I, ZERO_I, ZERO_I};
    for (size_t o = 0; o < part; o += sizeof a)
      for (int i = 0; i < 4; i++) a[i] = OR(a[i], q + o + i * sizeof(I));
    int first;
    for (int i = 0; i < 4; i++) memcpy(&first, &a[i], sizeof first), seen += first;
  }
  return seen;
}

int main(int count, char **words) {
  if (count < 3) return 2;
  long n = atol(words[1]) / 64 * 64;
  omp_set_num_threads(atoi(words[2]));
  float *X = room(n * D * sizeof *X), *y = room(n * sizeof *y), w[D];
  int8_t *small = room(n * D);
  for (int j = 0; j < D; j++) w[j] = 0.01f * (j % 5);
  #pragma omp parallel for schedule(static)
  for (long i = 0; i < n; i++) {
    y[i] = i & 1;
    for (int j = 0; j < D; j++) X[i * D + j] = small[i * D + j] = (uint64_t)(i * D + j) * 2654435761u % 4294967296u / 1431655766u * 2 - 2;
  }
  double f32[D], i8[D], naive[D] = {0};
  long part = n < 6400 ? n : 6400;
  for (long i = 0; i < part; i++) {
    double z = 0;
    for (int j = 0; j < D; j++) z += (double)X[i * D + j] * w[j];
    for (int j = 0; j < D; j++) naive[j] += (1 / (1 + exp(-z)) - y[i]) * X[i * D + j];
  }
  gradient_f32(X, y, w, part, f32);
  gradient_i8(small, y, w, part, i8);
  for (int j = 0; j < D; j++)
    if (fabs(f32[j] - naive[j]) + fabs(i8[j] - naive[j]) > 1e-3 * part) { fprintf(stderr, "wrong gradient\n"); return 1; }
  double read, of_f32, of_i8;
  volatile int sink = 0;
  TIMED(read, sink += reading((char *)X, n * D * sizeof *X))
  TIMED(of_f32, gradient_f32(X, y, w, n, f32))
  TIMED(of_i8, gradient_i8(small, y, w, n, i8))
  printf("{\"n\": %ld, \"threads\": %s, \"read_f32\": %.6f, \"gradient_f32\": %.6f, \"gradient_i8\": %.6f}\n", n, words[2], read, of_f32, of_i8);
  return 0;
}
