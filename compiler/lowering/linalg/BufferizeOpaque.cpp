//===- BufferizeOpaque.cpp - fg.opaque leaves no trace in buffers ---------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
//
// On tensors `fg.opaque` keeps apart what would be merged; on buffers, where
// loop nests write and nothing is merged any more, it is the buffer itself.
//
//===----------------------------------------------------------------------===//

#include "compiler/lowering/linalg/LowerToLinalg.h"
#include "dialects/fg/Fg.h"
#include "mlir/Dialect/Bufferization/IR/BufferizableOpInterface.h"

using namespace mlir;
using namespace mlir::bufferization;
using namespace foregrad;

namespace {
struct OpaqueBufferization
    : BufferizableOpInterface::ExternalModel<OpaqueBufferization,
                                             fg::OpaqueOp> {
  bool bufferizesToMemoryRead(Operation *, OpOperand &,
                              const AnalysisState &) const {
    return false;
  }
  bool bufferizesToMemoryWrite(Operation *, OpOperand &,
                               const AnalysisState &) const {
    return false;
  }
  AliasingValueList getAliasingValues(Operation *op, OpOperand &,
                                      const AnalysisState &) const {
    return {{op->getResult(0), BufferRelation::Equivalent}};
  }
  LogicalResult bufferize(Operation *op, RewriterBase &rewriter,
                          const BufferizationOptions &options,
                          BufferizationState &state) const {
    FailureOr<Value> buffer =
        getBuffer(rewriter, op->getOperand(0), options, state);
    if (failed(buffer))
      return failure();
    replaceOpWithBufferizedValues(rewriter, op, *buffer);
    return success();
  }
};
} // namespace

void compiler::registerOpaqueBufferization(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, fg::FgDialect *) {
    fg::OpaqueOp::attachInterface<OpaqueBufferization>(*context);
  });
}
