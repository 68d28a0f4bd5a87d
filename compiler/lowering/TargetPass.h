//===- TargetPass.h - Passes that know the processor ------------*- C++ -*-===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//

#ifndef FOREGRAD_COMPILER_LOWERING_TARGETPASS_H
#define FOREGRAD_COMPILER_LOWERING_TARGETPASS_H

#include "compiler/targets/Target.h"
#include "mlir/Pass/Pass.h"

namespace foregrad::compiler {

/// A pass on `Op` whose options are what kernels depend on of a processor.
template <typename Derived, typename Op>
class TargetPass : public mlir::PassWrapper<Derived, mlir::OperationPass<Op>> {
  using Base = mlir::PassWrapper<Derived, mlir::OperationPass<Op>>;
  template <typename T> using Option = mlir::Pass::Option<T>;
  friend Derived;

  TargetPass() = default;
  TargetPass(const TargetPass &other) : Base(other) {}
  explicit TargetPass(const TargetDescription &target) {
    vectorBytes = target.vectorBytes;
    vectorRegisters = target.vectorRegisters;
    l1 = target.l1Bytes;
    l2 = target.l2Bytes;
    cores = target.cores;
    bf16 = target.bf16;
  }

protected:
  /// What the options say.
  TargetDescription describedTarget() const {
    TargetDescription target;
    target.vectorBytes = vectorBytes;
    target.vectorRegisters = vectorRegisters;
    target.l1Bytes = l1;
    target.l2Bytes = l2;
    target.cores = cores;
    target.bf16 = bf16;
    return target;
  }

  Option<int64_t> vectorBytes{*this, "vector-bytes",
                              llvm::cl::desc("width of a vector register"),
                              llvm::cl::init(16)};
  Option<int64_t> vectorRegisters{*this, "vector-registers",
                                  llvm::cl::desc("number of vector registers"),
                                  llvm::cl::init(16)};
  Option<int64_t> l1{*this, "l1", llvm::cl::desc("bytes of a core's L1"),
                     llvm::cl::init(32 << 10)};
  Option<int64_t> l2{*this, "l2", llvm::cl::desc("bytes of a core's L2"),
                     llvm::cl::init(512 << 10)};
  Option<int64_t> cores{*this, "cores",
                        llvm::cl::desc("that share the tasks; 0: any number"),
                        llvm::cl::init(0)};
  Option<Bf16Products> bf16{
      *this, "bf16", llvm::cl::desc("how bf16 numbers are multiplied"),
      llvm::cl::init(Bf16Products::Widened),
      llvm::cl::values(
          clEnumValN(Bf16Products::Widened, "widened", "as f32 numbers"),
          clEnumValN(Bf16Products::Dot, "dot", "by vdpbf16ps"),
          clEnumValN(Bf16Products::Pairs, "pairs", "in pairs, as f32"))};
};

} // namespace foregrad::compiler

#endif // FOREGRAD_COMPILER_LOWERING_TARGETPASS_H
