/* Compiled code as the compiler would write it, by hand: logistic regression.
 *
 * Licensed under the Apache License v2.0; see LICENSE.
 *
 * logits = x W + b; the loss is the mean cross entropy. To make every input of
 * a step count, the gradient of W gets a perturbation times 1e-3, and the
 * update has momentum. Gradients are parallel over the classes, so that threads
 * have something to do; each class is summed in one order. REAL is float or
 * double. It is linked against nothing: exp and log come from whoever loads it.
 */
#include "runtime/abi/foregrad_abi.h"

#include <math.h>
#include <signal.h>

enum { BATCH = 16, PIXELS = 64, CLASSES = 10 };

static REAL realExp(REAL x) {
  return sizeof(REAL) == 4 ? (REAL)expf((float)x) : (REAL)exp(x);
}
static REAL realLog(REAL x) {
  return sizeof(REAL) == 4 ? (REAL)logf((float)x) : (REAL)log(x);
}

/* A number in -1..1 from three counters (splitmix64). */
static REAL noise(uint64_t seed, uint64_t step, uint64_t index) {
  uint64_t z =
      seed * 0x9E3779B97F4A7C15u + step * 0xD1B54A32D192ED03u + index + 1;
  z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
  z = (z ^ z >> 27) * 0x94D049BB133111EBu;
  z ^= z >> 31;
  return (REAL)((double)(z >> 11) * 0x1p-52 - 1.0);
}

static int32_t checkCall(const fg_call *call) {
  return call->abi_version == FG_ABI_VERSION &&
                 call->struct_size == sizeof(fg_call)
             ? FG_STATUS_OK
             : FG_STATUS_ABI_MISMATCH;
}

/* Buffers: seed, weight, bias, feedback. */
int32_t testInit(const fg_call *call) {
  uint64_t seed = *(const uint64_t *)call->buffers[0];
  REAL *weight = call->buffers[1], *bias = call->buffers[2],
       *feedback = call->buffers[3];
  if (checkCall(call) != FG_STATUS_OK)
    return FG_STATUS_ABI_MISMATCH;
  for (int i = 0; i < PIXELS * CLASSES; ++i) {
    weight[i] = noise(seed, 1u << 20, (uint64_t)i) * (REAL)0.1;
    feedback[i] = noise(seed, 1u << 21, (uint64_t)i);
  }
  for (int k = 0; k < CLASSES; ++k)
    bias[k] = 0;
  return FG_STATUS_OK;
}

static void forward(const REAL *image, const REAL *weight, const REAL *bias,
                    REAL *logits) {
  for (int n = 0; n < BATCH; ++n)
    for (int k = 0; k < CLASSES; ++k) {
      REAL sum = bias[k];
      for (int p = 0; p < PIXELS; ++p)
        sum += image[n * PIXELS + p] * weight[p * CLASSES + k];
      logits[n * CLASSES + k] = sum;
    }
}

/* The cross entropy of a sample; its error softmax - onehot where asked. */
static REAL lossOf(const REAL *logits, int32_t label, REAL *error) {
  REAL most = logits[0], sum = 0;
  for (int k = 1; k < CLASSES; ++k)
    most = logits[k] > most ? logits[k] : most;
  for (int k = 0; k < CLASSES; ++k)
    sum += realExp(logits[k] - most);
  if (error)
    for (int k = 0; k < CLASSES; ++k)
      error[k] = realExp(logits[k] - most) / sum - (REAL)(k == label);
  return realLog(sum) + most - logits[label];
}

typedef struct {
  const fg_call *call;
  const REAL *image, *error, *perturbation;
  uint64_t seed, step;
  REAL *weightGradient, *biasGradient;
} GradientLoop;

static void gradientOfClass(void *context, int64_t k, int64_t worker) {
  GradientLoop *loop = context;
  /* The scratch memory of this worker alone: a column of W's gradient. */
  REAL *column =
      (REAL *)(loop->call->scratch + worker * (int64_t)sizeof(REAL) * PIXELS);
  for (int p = 0; p < PIXELS; ++p) {
    column[p] = 0;
    for (int n = 0; n < BATCH; ++n)
      column[p] +=
          loop->image[n * PIXELS + p] * loop->error[n * CLASSES + k] / BATCH;
    uint64_t index = (uint64_t)(p * CLASSES + k);
    REAL u = loop->perturbation ? loop->perturbation[index]
                                : noise(loop->seed, loop->step, index);
    column[p] += u * (REAL)1e-3;
  }
  for (int p = 0; p < PIXELS; ++p)
    loop->weightGradient[p * CLASSES + k] = column[p];
  loop->biasGradient[k] = 0;
  for (int n = 0; n < BATCH; ++n)
    loop->biasGradient[k] += loop->error[n * CLASSES + k] / BATCH;
}

/* Loss and gradients; the error lies in the arena. */
static REAL gradients(const fg_call *call, const REAL *image,
                      const int32_t *label, const REAL *weight,
                      const REAL *bias, REAL *logits, uint64_t seed,
                      uint64_t step, const REAL *perturbation,
                      REAL *weightGradient, REAL *biasGradient) {
  REAL *error = (REAL *)call->arena, loss = 0;
  forward(image, weight, bias, logits);
  for (int n = 0; n < BATCH; ++n)
    loss += lossOf(logits + n * CLASSES, label[n], error + n * CLASSES) / BATCH;
  GradientLoop loop = {call, image, error,          perturbation,
                       seed, step,  weightGradient, biasGradient};
  call->parallel_for(call->pool, CLASSES, gradientOfClass, &loop);
  return loss;
}

/* Buffers: image, label, weight, bias, feedback, velocity, rate, momentum,
 * seed, step, loss, logits. Arena: the error, then the gradients. */
int32_t testStep(const fg_call *call) {
  void *const *b = call->buffers;
  if (checkCall(call) != FG_STATUS_OK)
    return FG_STATUS_ABI_MISMATCH;
  REAL *weight = b[2], *bias = b[3], *velocity = b[5], *loss = b[10];
  REAL *weightGradient = (REAL *)call->arena + BATCH * CLASSES;
  REAL *biasGradient = weightGradient + PIXELS * CLASSES;
  REAL rate = *(const REAL *)b[6], momentum = *(const REAL *)b[7];
  *loss =
      gradients(call, b[0], b[1], weight, bias, b[11], *(const uint64_t *)b[8],
                *(const uint64_t *)b[9], 0, weightGradient, biasGradient);
  for (int i = 0; i < PIXELS * CLASSES; ++i) {
    velocity[i] = momentum * velocity[i] + weightGradient[i];
    weight[i] -= rate * velocity[i];
  }
  for (int k = 0; k < CLASSES; ++k)
    bias[k] -= rate * biasGradient[k];
  return FG_STATUS_OK;
}

/* As testStep; at steps 3, 10, 17, ... somebody asks the process to stop. */
int32_t testStepStopping(const fg_call *call) {
  if (*(const uint64_t *)call->buffers[9] % 7 == 3)
    raise(SIGTERM);
  return testStep(call);
}

/* What shows that feedback is read: it moves the gradient of the bias. */
static void addFeedback(const REAL *feedback, REAL *biasGradient) {
  for (int k = 0; k < CLASSES; ++k)
    biasGradient[k] += feedback[k] * (REAL)1e-3;
}

/* Buffers: image, label, weight, bias, seed, step, weight.grad, bias.grad,
 * loss, block loss, feedback. Arena: the error, then logits. */
int32_t testGradient(const fg_call *call) {
  void *const *b = call->buffers;
  if (checkCall(call) != FG_STATUS_OK)
    return FG_STATUS_ABI_MISMATCH;
  REAL *loss = b[8], *blockLoss = b[9];
  *loss = gradients(
      call, b[0], b[1], b[2], b[3], (REAL *)call->arena + BATCH * CLASSES,
      *(const uint64_t *)b[4], *(const uint64_t *)b[5], 0, b[6], b[7]);
  addFeedback(b[10], b[7]);
  *blockLoss = *loss;
  return FG_STATUS_OK;
}

/* As testGradient, with the perturbation in the place of seed and step: buffers
 * image, label, weight, bias, perturbation, weight.grad, bias.grad, loss, block
 * loss, feedback. */
int32_t testGradientExternal(const fg_call *call) {
  void *const *b = call->buffers;
  if (checkCall(call) != FG_STATUS_OK)
    return FG_STATUS_ABI_MISMATCH;
  REAL *loss = b[7], *blockLoss = b[8];
  *loss =
      gradients(call, b[0], b[1], b[2], b[3],
                (REAL *)call->arena + BATCH * CLASSES, 0, 0, b[4], b[5], b[6]);
  addFeedback(b[9], b[6]);
  *blockLoss = *loss;
  return FG_STATUS_OK;
}

/* Buffers: seed, step, perturbation. */
int32_t testPerturbation(const fg_call *call) {
  REAL *perturbation = call->buffers[2];
  if (checkCall(call) != FG_STATUS_OK)
    return FG_STATUS_ABI_MISMATCH;
  for (int i = 0; i < PIXELS * CLASSES; ++i)
    perturbation[i] = noise(*(const uint64_t *)call->buffers[0],
                            *(const uint64_t *)call->buffers[1], (uint64_t)i);
  return FG_STATUS_OK;
}

/* Buffers: image, label, weight, bias, logits, losses. */
int32_t testEval(const fg_call *call) {
  void *const *b = call->buffers;
  if (checkCall(call) != FG_STATUS_OK)
    return FG_STATUS_ABI_MISMATCH;
  REAL *logits = b[4], *losses = b[5];
  forward(b[0], b[2], b[3], logits);
  for (int n = 0; n < BATCH; ++n)
    losses[n] = lossOf(logits + n * CLASSES, ((const int32_t *)b[1])[n], 0);
  return FG_STATUS_OK;
}

/* As testEval, of images that are fetched: the losses are the sums of the bytes
 * of samples 3, 4 and 5. */
int32_t testEvalFetching(const fg_call *call) {
  REAL *losses = call->buffers[5];
  if (checkCall(call) != FG_STATUS_OK)
    return FG_STATUS_ABI_MISMATCH;
  call->fetch(call->samples, 0, 3, 3, call->arena);
  for (int n = 0; n < 3; ++n) {
    losses[n] = 0;
    for (int p = 0; p < PIXELS; ++p)
      losses[n] += (REAL)call->arena[n * PIXELS + p];
  }
  return FG_STATUS_OK;
}

/* Buffers: image, weight, bias, logits. */
int32_t testPredict(const fg_call *call) {
  void *const *b = call->buffers;
  if (checkCall(call) != FG_STATUS_OK)
    return FG_STATUS_ABI_MISMATCH;
  forward(b[0], b[1], b[2], b[3]);
  return FG_STATUS_OK;
}

/* What code for another ABI answers. */
int32_t testRefuse(const fg_call *call) {
  (void)call;
  return FG_STATUS_ABI_MISMATCH;
}
