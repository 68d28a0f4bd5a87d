//===- LowerToLinalg.cpp - From fg entries to linalg on buffers -----------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
//
// The pass that turns entries into functions, and the pipeline from tensors to
// buffers.
//
//===----------------------------------------------------------------------===//

#include "compiler/lowering/linalg/LowerToLinalg.h"
#include "dialects/fg/Fg.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Transforms/BufferizableOpInterfaceImpl.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Bufferization/Transforms/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Transforms/BufferizableOpInterfaceImpl.h"
#include "mlir/Dialect/Linalg/Transforms/SubsetInsertionOpInterfaceImpl.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Tensor/Transforms/BufferizableOpInterfaceImpl.h"
#include "mlir/Dialect/Tensor/Transforms/SubsetInsertionOpInterfaceImpl.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Transforms/Passes.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;
using namespace foregrad;

namespace {

/// A buffer of an entry.
struct Binding {
  fg::ArrayType type;
  fg::Role role;
  bool read = false;
  bool written = false;
};

class LowerToLinalgPass
    : public PassWrapper<LowerToLinalgPass, OperationPass<ModuleOp>> {
public:
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(LowerToLinalgPass)

  StringRef getArgument() const final { return "fg-lower-to-linalg"; }
  StringRef getDescription() const final {
    return R"(Turns each entry into a function on tensors.

    fg.entry "predict" {
      %x = fg.read "image" role input : !fg.array<[batch = 4], f32>
      %y = fg.scale %x by 2.0 : !fg.array<[batch = 4], f32>
      fg.write %y to "logits" role output : !fg.array<[batch = 4], f32>
    }

becomes

    func.func @predict(%image: memref<4xf32> {fg.binding = 0 : i64, ...},
                       %logits: memref<4xf32> {fg.binding = 1 : i64, fg.writes, ...}) {
      %x = bufferization.to_tensor %image restrict : memref<4xf32> to tensor<4xf32>
      %y = linalg.generic ... ins(%x) ...
      bufferization.materialize_in_destination %y in restrict writable %logits
      return
    }

There is one argument for each buffer, in the order of first use. Models are removed: by
then the rule has written into the entries what it needs of them.)";
  }
  void getDependentDialects(DialectRegistry &registry) const final {
    compiler::registerLinalgDialects(registry);
  }
  void runOnOperation() final;

private:
  LogicalResult lowerEntry(fg::EntryOp entry);
};

using Bindings = llvm::MapVector<StringRef, Binding>;

} // namespace

static Bindings collectBindings(fg::EntryOp entry) {
  Bindings bindings;
  for (Operation &op : entry.getBody().front()) {
    if (auto read = dyn_cast<fg::ReadOp>(op)) {
      Binding &binding = bindings[read.getName()];
      binding.type = read.getType();
      binding.role = read.getRole();
      binding.read = true;
    } else if (auto write = dyn_cast<fg::WriteOp>(op)) {
      Binding &binding = bindings[write.getName()];
      binding.type = fg::arrayType(write.getValue());
      binding.role = write.getRole();
      binding.written = true;
    }
  }
  return bindings;
}

static func::FuncOp createFunction(OpBuilder &builder, fg::EntryOp entry,
                                   const Bindings &bindings) {
  SmallVector<Type> types;
  SmallVector<DictionaryAttr> attributes;
  for (const auto &[name, binding] : bindings) {
    types.push_back(MemRefType::get(binding.type.getShape(),
                                    binding.type.getElementType()));
    NamedAttrList list;
    list.set(compiler::kBindingAttr,
             builder.getI64IntegerAttr(static_cast<int64_t>(types.size()) - 1));
    list.set(compiler::kNameAttr, builder.getStringAttr(name));
    list.set(compiler::kRoleAttr,
             fg::RoleAttr::get(builder.getContext(), binding.role));
    if (binding.written)
      list.set(compiler::kWritesAttr, builder.getUnitAttr());
    if (int64_t dim = binding.type.findAxis(fg::kBatchAxis); dim >= 0)
      list.set(compiler::kSampleDimAttr, builder.getI64IntegerAttr(dim));
    attributes.push_back(list.getDictionary(builder.getContext()));
  }
  auto function =
      func::FuncOp::create(builder, entry.getLoc(), entry.getName(),
                           FunctionType::get(builder.getContext(), types, {}));
  function.setAllArgAttrs(
      llvm::map_to_vector(attributes, [](DictionaryAttr attribute) {
        return Attribute(attribute);
      }));
  if (entry.getRare())
    function->setAttr(compiler::kRareAttr, builder.getUnitAttr());
  function.addEntryBlock();
  return function;
}

/// The buffer whose content `value` is, seen through reshapes; null if it is
/// computed.
static Value sourceBuffer(Value value) {
  while (Operation *op = value.getDefiningOp()) {
    if (isa<tensor::ExpandShapeOp, tensor::CollapseShapeOp>(op)) {
      value = op->getOperand(0);
      continue;
    }
    if (auto toTensor = dyn_cast<bufferization::ToTensorOp>(op))
      return toTensor.getBuffer();
    break;
  }
  return {};
}

LogicalResult LowerToLinalgPass::lowerEntry(fg::EntryOp entry) {
  Bindings bindings = collectBindings(entry);
  OpBuilder builder(entry);
  func::FuncOp function = createFunction(builder, entry, bindings);
  builder.setInsertionPointToStart(&function.getBody().front());

  llvm::StringMap<BlockArgument> buffers;
  llvm::StringMap<Value> contents;
  unsigned position = 0;
  for (auto &[name, binding] : bindings) {
    BlockArgument buffer = function.getArgument(position++);
    buffers[name] = buffer;
    if (binding.read)
      contents[name] = bufferization::ToTensorOp::create(
          builder, entry.getLoc(), binding.type.getTensorType(), buffer,
          /*restrict=*/true, /*writable=*/binding.written);
  }

  IRMapping tensors;
  SmallVector<fg::WriteOp> writes;
  for (Operation &op : entry.getBody().front()) {
    if (auto read = dyn_cast<fg::ReadOp>(op)) {
      tensors.map(read.getResult(), contents[read.getName()]);
      continue;
    }
    if (auto write = dyn_cast<fg::WriteOp>(op)) {
      writes.push_back(write);
      continue;
    }
    auto compute = dyn_cast<fg::ComputeOpInterface>(op);
    if (!compute) {
      op.emitOpError() << "cannot be lowered to loops: an earlier phase should "
                          "have replaced it";
      function.erase();
      return failure();
    }
    SmallVector<Value> operands =
        llvm::map_to_vector(op.getOperands(), [&](Value operand) {
          return tensors.lookup(operand);
        });
    SmallVector<Value> results = compute.lower(builder, operands);
    for (auto [result, tensor] : llvm::zip_equal(op.getResults(), results))
      tensors.map(result, tensor);
  }

  // Writes take effect after all reads: what another write might overwrite
  // before it is written is copied first.
  SmallVector<Value> values;
  for (fg::WriteOp write : writes) {
    Value value = tensors.lookup(write.getValue());
    Value source = sourceBuffer(value);
    if (source && source != buffers[write.getName()] &&
        bindings[cast<StringAttr>(
                     function.getArgAttr(
                         cast<BlockArgument>(source).getArgNumber(),
                         compiler::kNameAttr))
                     .getValue()]
            .written)
      value = bufferization::AllocTensorOp::create(
          builder, write.getLoc(), cast<RankedTensorType>(value.getType()),
          ValueRange(), value);
    values.push_back(value);
  }
  for (auto [write, value] : llvm::zip_equal(writes, values)) {
    BlockArgument buffer = buffers[write.getName()];
    unsigned writesOfBuffer = llvm::count_if(writes, [&](fg::WriteOp other) {
      return other.getName() == write.getName();
    });
    if (auto same = value.getDefiningOp<bufferization::ToTensorOp>())
      if (same.getBuffer() == buffer && writesOfBuffer == 1)
        continue;
    // `restrict`: nothing else of the function touches this buffer.
    bool alone = writesOfBuffer == 1 && !bindings[write.getName()].read;
    bufferization::MaterializeInDestinationOp::create(
        builder, write.getLoc(), TypeRange(), value, buffer,
        /*restrict=*/alone, /*writable=*/true);
  }
  func::ReturnOp::create(builder, entry.getLoc());
  return success();
}

void LowerToLinalgPass::runOnOperation() {
  llvm::StringSet<> names;
  SmallVector<fg::EntryOp> entries(getOperation().getOps<fg::EntryOp>());
  for (fg::EntryOp entry : entries) {
    if (!names.insert(entry.getName()).second) {
      entry.emitOpError() << "there is an entry '" << entry.getName()
                          << "' already";
      return signalPassFailure();
    }
    if (failed(lowerEntry(entry)))
      return signalPassFailure();
  }
  for (fg::EntryOp entry : entries)
    entry.erase();
  for (fg::ModelOp model :
       llvm::make_early_inc_range(getOperation().getOps<fg::ModelOp>()))
    model.erase();
}

namespace foregrad::compiler {

std::unique_ptr<Pass> createLowerToLinalgPass() {
  return std::make_unique<LowerToLinalgPass>();
}

void buildBufferizePipeline(OpPassManager &manager) {
  manager.addPass(createCanonicalizerPass());
  manager.addPass(createCSEPass());
  manager.addNestedPass<func::FuncOp>(createStartSumsPass());
  manager.addNestedPass<func::FuncOp>(createFuseElementwisePass());
  manager.addPass(createCanonicalizerPass());
  manager.addPass(createCSEPass());
  // From here to bufferization nothing may merge equal initial values again.
  manager.addNestedPass<func::FuncOp>(createWriteInPlacePass());
  manager.addPass(bufferization::createEmptyTensorEliminationPass());
  manager.addPass(bufferization::createOneShotBufferizePass());
  manager.addPass(createCanonicalizerPass());
  manager.addPass(createCSEPass());
  // Copies of a view onto an equal one: now onto itself, which goes away.
  manager.addPass(createCanonicalizerPass());
}

void registerLinalgDialects(DialectRegistry &registry) {
  registry.insert<fg::FgDialect, arith::ArithDialect,
                  bufferization::BufferizationDialect, func::FuncDialect,
                  linalg::LinalgDialect, math::MathDialect,
                  memref::MemRefDialect, tensor::TensorDialect>();
  registerOpaqueBufferization(registry);
  arith::registerBufferizableOpInterfaceExternalModels(registry);
  linalg::registerBufferizableOpInterfaceExternalModels(registry);
  linalg::registerSubsetOpInterfaceExternalModels(registry);
  tensor::registerBufferizableOpInterfaceExternalModels(registry);
  tensor::registerSubsetOpInterfaceExternalModels(registry);
}

void registerLinalgPasses() {
  registerPass(createLowerToLinalgPass);
  registerPass(createStartSumsPass);
  registerPass(createFuseElementwisePass);
  registerPass(createWriteInPlacePass);
  PassPipelineRegistration<>("fg-bufferize",
                             "From linalg on tensors to linalg on memrefs",
                             buildBufferizePipeline);
}

} // namespace foregrad::compiler
