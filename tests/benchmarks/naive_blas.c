/* Licensed under the Apache License v2.0; see LICENSE.
 *
 * A library with the names of OpenBLAS, so that what measures libraries can be
 * tested where none is installed. */

void openblas_set_num_threads(int threads) { (void)threads; }
const char *openblas_get_config(void) { return "NaiveBLAS 1.2 of the tests"; }
const char *openblas_get_corename(void) { return "loops"; }

void cblas_sgemm(int order, int transpose_a, int transpose_b, int m, int n,
                 int k, float alpha, const float *a, int lda, const float *b,
                 int ldb, float beta, float *c, int ldc) {
  const int transposed = 112;
  (void)order;
  for (int i = 0; i < m; ++i)
    for (int j = 0; j < n; ++j)
      c[(long)i * ldc + j] = beta == 0 ? 0 : beta * c[(long)i * ldc + j];
  for (int i = 0; i < m; ++i)
    for (int l = 0; l < k; ++l) {
      const float left =
          alpha * (transpose_a == transposed ? a[(long)l * lda + i]
                                             : a[(long)i * lda + l]);
      for (int j = 0; j < n; ++j)
        c[(long)i * ldc + j] +=
            left * (transpose_b == transposed ? b[(long)j * ldb + l]
                                              : b[(long)l * ldb + j]);
    }
}
