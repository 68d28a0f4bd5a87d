//===- AbiBuilder.h - IR that reads fg_call -------------------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
//
// Builds the loads and calls of runtime/abi/foregrad_abi.h in the LLVM dialect,
// with its offsets, and dresses pointers up as memrefs.
//
//===----------------------------------------------------------------------===//

#ifndef FOREGRAD_COMPILER_LOWERING_ABI_ABIBUILDER_H
#define FOREGRAD_COMPILER_LOWERING_ABI_ABIBUILDER_H

#include "mlir/Conversion/LLVMCommon/TypeConverter.h"
#include "mlir/IR/Builders.h"

namespace foregrad::compiler {

/// Where a buffer comes from, and which part of that it is.
struct BufferOrigin {
  enum Kind { Binding, Arena, Scratch };
  Kind kind = Binding;
  int64_t number = 0; // of the binding, else the offset in bytes

  bool operator==(const BufferOrigin &) const = default;
};

class AbiBuilder {
public:
  /// `types` must outlive the builder.
  AbiBuilder(mlir::OpBuilder &builder, const mlir::LLVMTypeConverter &types);

  mlir::Value constant(mlir::Location loc, int64_t value);

  /// i1: whether the caller of `call` (a pointer to fg_call) uses this ABI.
  mlir::Value abiMatches(mlir::Location loc, mlir::Value call);

  /// The address of a buffer. `scratchBytes` of each worker; `worker` (i64) may
  /// be null for worker 0.
  mlir::Value address(mlir::Location loc, mlir::Value call,
                      const BufferOrigin &origin, int64_t scratchBytes,
                      mlir::Value worker);

  /// `pointer` as a memref of a static type; the conversion to the LLVM dialect
  /// removes the cast.
  mlir::Value asMemRef(mlir::Location loc, mlir::Value pointer,
                       mlir::MemRefType type);

  /// `value` as the type that the LLVM dialect has for it, and back.
  mlir::Value toLLVM(mlir::Location loc, mlir::Value value);
  mlir::Value fromLLVM(mlir::Location loc, mlir::Value value, mlir::Type type);

  /// Field `index` of the structure of type `structure` at `pointer`.
  mlir::Value field(mlir::Location loc, mlir::Type structure,
                    mlir::Value pointer, int32_t index);

  /// call->parallel_for(call->pool, count, kernel, context)
  void callParallelFor(mlir::Location loc, mlir::Value call, int64_t count,
                       mlir::Value kernel, mlir::Value context);

  /// call->fetch(call->samples, binding, first, count, to); `first` is an i64.
  void callFetch(mlir::Location loc, mlir::Value call, int64_t binding,
                 mlir::Value first, int64_t count, mlir::Value to);

  /// if (call->part_done) call->part_done(call->pool, part, worker): the block
  /// ends there and another begins behind.
  void tellPartDone(mlir::Location loc, mlir::Value call, int64_t part,
                    mlir::Value worker);

private:
  mlir::Value loadMember(mlir::Location loc, mlir::Value call, uint64_t offset,
                         mlir::Type type);
  mlir::Value bytesBehind(mlir::Location loc, mlir::Value pointer,
                          int64_t offset);

  mlir::OpBuilder &builder;
  const mlir::LLVMTypeConverter &types;
  mlir::Type pointerType;
};

} // namespace foregrad::compiler

#endif // FOREGRAD_COMPILER_LOWERING_ABI_ABIBUILDER_H
