//===- TestPasses.cpp - Passes that only tests use ------------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
//
// They show as IR and remarks what ops answer through their interfaces. The op
// in question carries the attribute `test`; tangents come from arrays named
// after it.
//
//===----------------------------------------------------------------------===//

#include "tests/dialects/fg/lib/TestPasses.h"
#include "dialects/fg/Fg.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Pass/PassRegistry.h"

using namespace mlir;
using namespace foregrad::fg;

/// All differentiable ops that carry the attribute.
static SmallVector<DifferentiableOpInterface> findTested(Operation *root,
                                                         StringRef attribute) {
  SmallVector<DifferentiableOpInterface> tested;
  root->walk([&](DifferentiableOpInterface op) {
    if (op->hasAttr(attribute))
      tested.push_back(op);
  });
  return tested;
}

/// The array that is read by this name in the op's block, or null.
static ReadOp findRead(Operation *op, StringRef name) {
  ReadOp found;
  for (Operation &other : *op->getBlock())
    if (auto read = dyn_cast<ReadOp>(other))
      if (read.getName() == name)
        found = read;
  return found;
}

namespace {

struct TangentPass : public PassWrapper<TangentPass, OperationPass<>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(TangentPass)
  StringRef getArgument() const final { return "test-fg-tangent"; }
  StringRef getDescription() const final {
    return "Writes the tangent of ops that carry `tangents = [NAME, ...]`, the "
           "arrays that are the tangents of their first operands";
  }
  void runOnOperation() final {
    for (DifferentiableOpInterface op :
         findTested(getOperation(), "tangents")) {
      SmallVector<Value> tangents;
      for (Attribute name : op->getAttrOfType<ArrayAttr>("tangents"))
        if (ReadOp read = findRead(op, cast<StringAttr>(name).getValue()))
          tangents.push_back(read.getResult());
      tangents.resize(op->getNumOperands());
      OpBuilder builder(op->getContext());
      builder.setInsertionPointAfter(op);
      if (Value tangent = op.tangent(builder, tangents))
        WriteOp::create(builder, op->getLoc(), tangent, "tangent",
                        Role::Output);
      else
        op->emitRemark("the tangent is zero");
    }
  }
};

struct CotangentPass : public PassWrapper<CotangentPass, OperationPass<>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(CotangentPass)
  StringRef getArgument() const final { return "test-fg-cotangent"; }
  StringRef getDescription() const final {
    return "Writes the cotangents of ops that carry `cotangent = NAME`, the "
           "array that is the cotangent of their result";
  }
  void runOnOperation() final {
    for (DifferentiableOpInterface op :
         findTested(getOperation(), "cotangent")) {
      ReadOp read =
          findRead(op, op->getAttrOfType<StringAttr>("cotangent").getValue());
      if (!read)
        continue;
      OpBuilder builder(op->getContext());
      builder.setInsertionPointAfter(op);
      SmallVector<bool> wanted(op->getNumOperands(), true);
      SmallVector<Value> cotangents =
          op.cotangents(builder, read.getResult(), wanted);
      for (auto [position, cotangent] : llvm::enumerate(cotangents))
        if (cotangent)
          WriteOp::create(builder, op->getLoc(), cotangent,
                          ("cotangent" + llvm::Twine(position)).str(),
                          Role::Output);
    }
  }
};

struct TraceAxisPass : public PassWrapper<TraceAxisPass, OperationPass<>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(TraceAxisPass)
  StringRef getArgument() const final { return "test-fg-trace-axis"; }
  StringRef getDescription() const final {
    return "Remarks on each op from where the axes of its result come";
  }
  void runOnOperation() final {
    getOperation()->walk([](DifferentiableOpInterface op) {
      ArrayRef<AxisAttr> axes = arrayType(op->getResult(0)).getAxes();
      for (auto [position, axis] : llvm::enumerate(axes))
        for (unsigned operand = 0; operand < op->getNumOperands(); ++operand) {
          std::optional<AxisPart> part = op.traceAxis(
              operand, {static_cast<unsigned>(position), axis.getSize(), 1});
          InFlightDiagnostic remark = op->emitRemark()
                                      << axis.getName().getValue()
                                      << " of operand " << operand << ": ";
          if (part)
            remark << arrayType(op->getOperand(operand))
                          .getAxes()[part->axis]
                          .getName()
                          .getValue()
                   << " size " << part->size << " inner " << part->inner;
          else
            remark << "mixed";
        }
    });
  }
};

} // namespace

void foregrad::fg::registerTestPasses() {
  PassRegistration<TangentPass>();
  PassRegistration<CotangentPass>();
  PassRegistration<TraceAxisPass>();
}
