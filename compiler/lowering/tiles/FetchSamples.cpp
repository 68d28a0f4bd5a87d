//===- FetchSamples.cpp - Images come as they are needed ------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
//
// The pass --fg-fetch-samples. An entry that reads an input of bytes fetches it
// whole into memory of its own; --fg-tile-samples, which comes next, makes that
// one tile's samples at a time. So of a batch no image lies in memory but those
// of a tile, however large the batch is.
//
//===----------------------------------------------------------------------===//

#include "compiler/lowering/tiles/FetchSamples.h"

#include "compiler/lowering/linalg/LowerToLinalg.h"
#include "dialects/fg/Fg.h"
#include "runtime/abi/foregrad_abi.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;

namespace foregrad::compiler {

namespace {

/// Whether argument `number` of an entry is fetched: the runtime gives no
/// memory to inputs of bytes (TensorInfo::isFetched).
bool isFetched(func::FuncOp entry, unsigned number) {
  auto role = entry.getArgAttrOfType<fg::RoleAttr>(number, kRoleAttr);
  auto type = dyn_cast<MemRefType>(entry.getArgument(number).getType());
  return role && role.getValue() == fg::Role::Input && type &&
         type.getElementType().isInteger(8);
}

struct FetchSamplesPass
    : public PassWrapper<FetchSamplesPass, OperationPass<func::FuncOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(FetchSamplesPass)

  StringRef getArgument() const final { return "fg-fetch-samples"; }
  StringRef getDescription() const final {
    return R"(Ask for the samples of an input of bytes.

    func.func @step(%image: memref<128x3072xi8> {fg.role = #fg<role input>, ...}) {
      linalg.generic ins(%image : memref<128x3072xi8>) ...

  becomes

    func.func @step(%image: memref<128x3072xi8> {fg.role = #fg<role input>, ...}) {
      %samples = memref.alloc() : memref<128x3072xi8>
      fg.fetch %image from %c0 to %samples
      linalg.generic ins(%samples : memref<128x3072xi8>) ...

  where %image has no memory behind it.)";
  }
  void getDependentDialects(DialectRegistry &registry) const override {
    registry
        .insert<arith::ArithDialect, fg::FgDialect, memref::MemRefDialect>();
  }

  void runOnOperation() override {
    func::FuncOp entry = getOperation();
    if (entry.isExternal())
      return;
    OpBuilder builder(entry.getBody());
    for (BlockArgument batch : entry.getArguments()) {
      if (batch.use_empty() || !isFetched(entry, batch.getArgNumber()))
        continue;
      Location loc = batch.getLoc();
      Value samples = memref::AllocOp::create(
          builder, loc, cast<MemRefType>(batch.getType()),
          builder.getI64IntegerAttr(FG_ALIGNMENT));
      batch.replaceAllUsesWith(samples);
      Value first = arith::ConstantIndexOp::create(builder, loc, 0);
      fg::FetchOp::create(builder, loc, batch, first, samples);
    }
  }
};

} // namespace

std::unique_ptr<Pass> createFetchSamplesPass() {
  return std::make_unique<FetchSamplesPass>();
}

void registerFetchSamplesPass() { PassRegistration<FetchSamplesPass>(); }

} // namespace foregrad::compiler
