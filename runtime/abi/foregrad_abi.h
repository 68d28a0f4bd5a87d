/* Foregrad: the C ABI between compiled code and the runtime that calls it.
 *
 * This header stands alone (C99, no other header of the project) and is all
 * that compiled code and the runtime know of each other. The compiler writes
 * code that reads these structures at the offsets asserted below; a change of
 * any of them is a new FG_ABI_VERSION.
 *
 * Licensed under the Apache License v2.0; see LICENSE.
 */
#ifndef FOREGRAD_ABI_H
#define FOREGRAD_ABI_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define FG_ABI_VERSION 3u

/* Every buffer, the arena and each worker's scratch start at such an address
 * (bytes). */
#define FG_ALIGNMENT 64u

/* One independent piece of a parallel loop.
 *   context  what the compiled code passed to fg_parallel_for
 *   index    0 <= index < count; every index is called exactly once
 *   worker   0 <= worker < workers; two calls that run at the same time have
 *            different workers, so a worker may own scratch memory */
typedef void (*fg_body)(void *context, int64_t index, int64_t worker);

/* Calls body for every index in [0, count) and returns when all have returned.
 * The order and the workers are the runtime's choice; compiled code gives the
 * same bits for every choice. Never called from inside a body. */
typedef void (*fg_parallel_for)(void *pool, int64_t count, fg_body body,
                                void *context);

/* Told by a body of several parts, on its own thread, that it is through with
 * one of them: `part` counts from 0, in the order of the parts. */
typedef void (*fg_part_done)(void *pool, int64_t part, int64_t worker);

/* Brings samples first to first + count - 1 of the batch to `to`, one behind
 * the other: of the input that is the entry's binding number `binding`, which
 * has no buffer. They are the same whenever they are asked for. Never called
 * from inside a body. */
typedef void (*fg_fetch)(void *samples, int64_t binding, int64_t first,
                         int64_t count, void *to);

/* What one call of an entry point gets. The caller owns all memory; the entry
 * point keeps no pointer after it returns and allocates nothing. */
typedef struct fg_call {
  uint32_t abi_version; /* FG_ABI_VERSION of the caller */
  uint32_t struct_size; /* sizeof(fg_call) of the caller */
  void *const *buffers; /* one for each binding of the entry, in its order;
                         * null for those that are fetched */
  uint8_t *arena;   /* EntryCode.arena_bytes of temporaries, uninitialised */
  uint8_t *scratch; /* workers * EntryCode.scratch_bytes_per_worker */
  fg_parallel_for parallel_for; /* never null */
  void *pool;                   /* first argument of parallel_for */
  int64_t workers;              /* most workers that parallel_for uses, >= 1 */
  fg_part_done part_done;       /* with pool; null: nobody wants to know */
  fg_fetch fetch;               /* null where nothing is fetched */
  void *samples;                /* first argument of fetch */
} fg_call;

/* An entry point. Returns 0, or FG_STATUS_ABI_MISMATCH before touching
 * anything. */
typedef int32_t (*fg_entry)(const fg_call *call);

#define FG_STATUS_OK 0
#define FG_STATUS_ABI_MISMATCH 1

#if defined(__cplusplus)
#define FG_STATIC_ASSERT(condition, message) static_assert(condition, message)
#else
#define FG_STATIC_ASSERT(condition, message) _Static_assert(condition, message)
#endif

FG_STATIC_ASSERT(sizeof(void *) == 8, "64-bit machines only");
FG_STATIC_ASSERT(offsetof(fg_call, abi_version) == 0, "ABI");
FG_STATIC_ASSERT(offsetof(fg_call, struct_size) == 4, "ABI");
FG_STATIC_ASSERT(offsetof(fg_call, buffers) == 8, "ABI");
FG_STATIC_ASSERT(offsetof(fg_call, arena) == 16, "ABI");
FG_STATIC_ASSERT(offsetof(fg_call, scratch) == 24, "ABI");
FG_STATIC_ASSERT(offsetof(fg_call, parallel_for) == 32, "ABI");
FG_STATIC_ASSERT(offsetof(fg_call, pool) == 40, "ABI");
FG_STATIC_ASSERT(offsetof(fg_call, workers) == 48, "ABI");
FG_STATIC_ASSERT(offsetof(fg_call, part_done) == 56, "ABI");
FG_STATIC_ASSERT(offsetof(fg_call, fetch) == 64, "ABI");
FG_STATIC_ASSERT(offsetof(fg_call, samples) == 72, "ABI");
FG_STATIC_ASSERT(sizeof(fg_call) == 80, "ABI");

#ifdef __cplusplus
}
#endif

#endif /* FOREGRAD_ABI_H */
