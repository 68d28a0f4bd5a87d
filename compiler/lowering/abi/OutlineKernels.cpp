//===- OutlineKernels.cpp - Entries and kernels with the C ABI ------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
//
// The pass --fg-outline-kernels. A kernel becomes two functions:
//   - its body, whose arguments are the buffers it touches. Bindings are
//   distinct
//     and the memory plan keeps buffers that are in use at once apart, so all
//     of them are noalias;
//   - a task with the type fg_body, which reads the addresses of the buffers
//   from
//     the context and calls the body.
// The context is the fg_call itself, or, where the kernel needs a number that
// the entry computed, a structure on the entry's stack: {fg_call, numbers...}.
//
// Kernels of a chain have bodies of their own, which one task calls in turn.
// They keep their promises about aliasing, and may use the same scratch.
//
//===----------------------------------------------------------------------===//

#include "compiler/lowering/abi/OutlineKernels.h"

#include "compiler/lowering/abi/AbiBuilder.h"
#include "compiler/lowering/chains/ChainKernels.h"
#include "compiler/lowering/gemm/Panels.h"
#include "compiler/lowering/linalg/LowerToLinalg.h"
#include "compiler/lowering/memory/PlanMemory.h"
#include "dialects/fg/Fg.h"
#include "runtime/abi/foregrad_abi.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/SCF/Transforms/Transforms.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Transforms/RegionUtils.h"
#include "llvm/ADT/SetVector.h"

#include <numeric>
#include <optional>

using namespace mlir;

namespace foregrad::compiler {

namespace {

/// The one dimension (or several, row-major) of an scf.forall, all static.
struct Iteration {
  SmallVector<int64_t> lower, step, count;
  int64_t total = 1;
};

/// Nothing, with an error, if the extent of the kernel is not known.
std::optional<Iteration> iterationOf(scf::ForallOp kernel) {
  if (kernel.getNumResults() != 0) {
    kernel.emitOpError("has results; kernels write to buffers");
    return std::nullopt;
  }
  Iteration iteration;
  for (auto [low, high, step] :
       llvm::zip(kernel.getMixedLowerBound(), kernel.getMixedUpperBound(),
                 kernel.getMixedStep())) {
    std::optional<int64_t> from = getConstantIntValue(low);
    std::optional<int64_t> to = getConstantIntValue(high);
    std::optional<int64_t> by = getConstantIntValue(step);
    if (!from || !to || !by || *by <= 0) {
      kernel.emitOpError("has bounds that are not constant");
      return std::nullopt;
    }
    int64_t count = *to > *from ? (*to - *from - 1) / *by + 1 : 0;
    iteration.lower.push_back(*from);
    iteration.step.push_back(*by);
    iteration.count.push_back(count);
    if (llvm::MulOverflow(iteration.total, count, iteration.total)) {
      kernel.emitOpError("has too many iterations");
      return std::nullopt;
    }
  }
  return iteration;
}

double flopsOf(Operation *op) {
  if (auto whole = op->getAttrOfType<IntegerAttr>(flopsAttr))
    return static_cast<double>(whole.getInt());
  if (auto number = op->getAttrOfType<FloatAttr>(flopsAttr))
    return number.getValueAsDouble();
  return 0;
}

/// How often the loop around `kernel` runs it; nothing, with an error, if that
/// is not known.
std::optional<int64_t> tripsOf(scf::ForallOp kernel) {
  auto loop = kernel->getParentOfType<scf::ForOp>();
  if (!loop)
    return 1;
  std::optional<llvm::APInt> count = loop.getStaticTripCount();
  if (count && !loop->getParentOfType<scf::ForOp>())
    return count->getSExtValue();
  kernel.emitOpError("stands in a loop whose bounds are not constant, or in "
                     "more than one");
  return std::nullopt;
}

/// FILE:LINE:COLUMN of the first place in a source file that `loc` names, or an
/// empty text.
std::string placeOf(Location loc) {
  std::string place;
  loc->walk([&](Location part) {
    auto file = dyn_cast<FileLineColLoc>(part);
    if (!file)
      return WalkResult::advance();
    place = file.getFilename().str() + ":" + std::to_string(file.getLine()) +
            ":" + std::to_string(file.getColumn());
    return WalkResult::interrupt();
  });
  return place;
}

/// By how many elements `buffer` begins behind its origin; null if it does not.
Value shiftOf(Value buffer) {
  auto shift = buffer.getDefiningOp<fg::ShiftOp>();
  return shift ? shift.getBy() : Value();
}

/// A number that `value` is always a multiple of.
int64_t factorOf(Value value) {
  if (std::optional<int64_t> constant = getConstantIntValue(value))
    return *constant;
  if (auto product = value.getDefiningOp<arith::MulIOp>())
    return factorOf(product.getLhs()) * factorOf(product.getRhs());
  auto argument = dyn_cast<BlockArgument>(value);
  auto loop = argument
                  ? dyn_cast<scf::ForOp>(argument.getOwner()->getParentOp())
                  : scf::ForOp();
  if (!loop || argument != loop.getInductionVar())
    return 1;
  return std::gcd(factorOf(loop.getLowerBound()), factorOf(loop.getStep()));
}

/// Rewrites one entry function.
class EntryOutliner {
public:
  EntryOutliner(func::FuncOp entry, SymbolTable &symbols,
                const LLVMTypeConverter &types)
      : entry(entry), symbols(symbols), types(types),
        builder(entry.getContext()), abi(builder, types),
        pointerType(LLVM::LLVMPointerType::get(entry.getContext())) {}

  LogicalResult run();

private:
  /// What a kernel takes from outside: buffers by address, numbers by value,
  /// and cheap operations that are repeated in it, in their order.
  struct Captures {
    llvm::SetVector<Value> buffers;
    llvm::SetVector<Value> numbers;
    llvm::SetVector<Operation *> repeated;
  };

  LogicalResult readArguments();
  std::optional<BufferOrigin> originOf(Value value);
  ArrayAttr panelsOfArguments();
  int64_t alignmentOf(Value buffer);
  void hoistPlacedBuffers(scf::ForallOp kernel);
  LogicalResult capture(Operation *kernel, Value value, Captures &captures);
  LogicalResult mergeBuffers(Operation *kernel, Captures &captures,
                             IRMapping &mapping,
                             SmallVectorImpl<Value> &distinct);
  /// A kernel as a function of its buffers, its numbers and a task's index.
  struct Body {
    func::FuncOp function;
    SmallVector<Value> buffers;
    llvm::SetVector<Value> numbers;
  };

  LogicalResult outline(ArrayRef<scf::ForallOp> chain);
  LogicalResult makeBody(scf::ForallOp kernel, const Iteration &iteration,
                         int64_t tasks, StringRef name, Body &result);
  func::FuncOp makeFunction(scf::ForallOp kernel, const Iteration &iteration,
                            int64_t tasks, const Captures &captures,
                            ArrayRef<Value> buffers, IRMapping &merged,
                            StringRef name);
  LLVM::LLVMFuncOp makeTask(Location loc, ArrayRef<Body> bodies,
                            const llvm::SetVector<Value> &numbers,
                            Type contextType, StringRef name);
  Type contextType(const llvm::SetVector<Value> &numbers);
  LogicalResult describe(scf::ForallOp kernel, int64_t chain);
  void makeEntry();
  Value addressOf(Location loc, Value buffer, Value call, Value worker,
                  Value shift);
  LogicalResult lowerFetches();

  func::FuncOp entry;
  SymbolTable &symbols;
  const LLVMTypeConverter &types;
  OpBuilder builder;
  AbiBuilder abi;
  Type pointerType;
  llvm::DenseMap<Value, BufferOrigin> origins; // of the arguments
  LLVM::LLVMFuncOp exported;
  int64_t scratchBytes = 0;
  double flops = 0;
  int64_t calls = 0, chains = 0;                   // so far
  SmallVector<Attribute> kernels;                  // a dictionary for each
  llvm::SmallDenseMap<Operation *, int64_t> loops; // their numbers, from 1
};

/// Notes what a kernel is, for those who measure it.
LogicalResult EntryOutliner::describe(scf::ForallOp kernel, int64_t chain) {
  std::optional<int64_t> trips = tripsOf(kernel);
  if (!trips)
    return failure();
  double operations = flopsOf(kernel);
  flops += operations * static_cast<double>(*trips);
  auto what = kernel->getAttrOfType<StringAttr>(whatAttr);
  auto bytes = kernel->getAttrOfType<IntegerAttr>(bytesAttr);
  int64_t loop = 0;
  if (auto around = kernel->getParentOfType<scf::ForOp>())
    loop = loops.try_emplace(around, static_cast<int64_t>(loops.size()) + 1)
               .first->second;
  NamedAttrList list;
  auto draws = kernel->getAttrOfType<IntegerAttr>(drawsAttr);
  list.set("chain", builder.getI64IntegerAttr(chain));
  list.set("draws", builder.getI64IntegerAttr(draws ? draws.getInt() : 0));
  list.set("what", what ? what : builder.getStringAttr("kernel"));
  list.set("where", builder.getStringAttr(placeOf(kernel.getLoc())));
  list.set("flops", builder.getF64FloatAttr(operations));
  list.set("bytes", builder.getF64FloatAttr(
                        bytes ? static_cast<double>(bytes.getInt()) : 0));
  list.set("loop", builder.getI64IntegerAttr(loop));
  list.set("trips", builder.getI64IntegerAttr(*trips));
  kernels.push_back(list.getDictionary(builder.getContext()));
  return success();
}

LogicalResult EntryOutliner::readArguments() {
  if (entry.getNumResults() != 0)
    return entry.emitOpError("has results; an entry writes to its bindings");
  if (!llvm::hasSingleElement(entry.getBody()))
    return entry.emitOpError("has branches; kernels are taken from a straight "
                             "line");
  llvm::SmallDenseSet<int64_t> bindings;
  for (BlockArgument argument : entry.getArguments()) {
    unsigned number = argument.getArgNumber();
    auto type = dyn_cast<MemRefType>(argument.getType());
    if (!type || !type.hasStaticShape() || !type.getLayout().isIdentity())
      return entry.emitOpError("argument ")
             << number << " is " << argument.getType()
             << "; expected a memref of static shape without a layout";
    BufferOrigin origin;
    if (entry.getArgAttr(number, arenaAttr)) {
      origin.kind = BufferOrigin::Arena;
    } else if (entry.getArgAttr(number, scratchAttr)) {
      origin.kind = BufferOrigin::Scratch;
      scratchBytes = type.getNumElements();
    } else if (auto binding =
                   entry.getArgAttrOfType<IntegerAttr>(number, bindingAttr)) {
      origin.number = binding.getInt();
      if (origin.number < 0 || !bindings.insert(origin.number).second)
        return entry.emitOpError("argument ")
               << number << " has binding " << origin.number
               << ", which is negative or taken by another argument";
    } else {
      return entry.emitOpError("argument ")
             << number << " has no " << bindingAttr;
    }
    origins[argument] = origin;
  }
  return success();
}

/// What arguments say of their panels, with their names.
ArrayAttr EntryOutliner::panelsOfArguments() {
  SmallVector<Attribute> all;
  for (BlockArgument argument : entry.getArguments()) {
    unsigned number = argument.getArgNumber();
    auto panels = entry.getArgAttrOfType<DictionaryAttr>(number, panelsAttr);
    if (!panels)
      continue;
    NamedAttrList named(panels);
    auto name = entry.getArgAttrOfType<StringAttr>(number, kNameAttr);
    named.set("name", name ? name : builder.getStringAttr(""));
    all.push_back(named.getDictionary(builder.getContext()));
  }
  return builder.getArrayAttr(all);
}

/// The origin of a binding or of a buffer that the memory plan placed, and of
/// what begins within one (fg.shift); nothing for other values, in particular
/// for the arena and the scratch as a whole.
std::optional<BufferOrigin> EntryOutliner::originOf(Value value) {
  auto whole = origins.find(value);
  if (whole != origins.end())
    return whole->second.kind == BufferOrigin::Binding
               ? std::optional(whole->second)
               : std::nullopt;
  if (auto shift = value.getDefiningOp<fg::ShiftOp>())
    return originOf(shift.getBuffer());
  auto view = value.getDefiningOp<memref::ViewOp>();
  if (!view || !view.getSizes().empty())
    return std::nullopt;
  auto memory = origins.find(view.getSource());
  std::optional<int64_t> offset = getConstantIntValue(view.getByteShift());
  if (memory == origins.end() || !offset ||
      memory->second.kind == BufferOrigin::Binding)
    return std::nullopt;
  return BufferOrigin{memory->second.kind, *offset};
}

/// Of the address, in bytes.
int64_t EntryOutliner::alignmentOf(Value buffer) {
  Value shift = shiftOf(buffer);
  if (!shift)
    return FG_ALIGNMENT;
  auto type = cast<MemRefType>(buffer.getType());
  int64_t bytes = factorOf(shift) *
                  static_cast<int64_t>(DataLayout::closest(entry).getTypeSize(
                      type.getElementType()));
  return std::gcd(bytes, static_cast<int64_t>(FG_ALIGNMENT));
}

/// Moves the views of scratch memory in a kernel ahead of it: they become
/// arguments as the other buffers do.
void EntryOutliner::hoistPlacedBuffers(scf::ForallOp kernel) {
  builder.setInsertionPoint(kernel);
  kernel.walk([&](memref::ViewOp view) {
    if (!originOf(view))
      return;
    Value offset = arith::ConstantIndexOp::create(
        builder, view.getLoc(), *getConstantIntValue(view.getByteShift()));
    view.getByteShiftMutable().assign(offset);
    view->moveBefore(kernel);
  });
}

LogicalResult EntryOutliner::capture(Operation *kernel, Value value,
                                     Captures &captures) {
  if (originOf(value)) {
    captures.buffers.insert(value);
    if (auto shift = value.getDefiningOp<fg::ShiftOp>())
      captures.numbers.insert(shift.getBy());
    return success();
  }
  Operation *op = value.getDefiningOp();
  bool isBuffer = isa<BaseMemRefType>(value.getType());
  // Numbers that take more than an address computation are computed once.
  bool repeatable = op && op->getNumRegions() == 0 && isPure(op) &&
                    (isBuffer || matchPattern(op, m_Constant()) ||
                     isa<IndexType>(value.getType()));
  if (repeatable) {
    for (Value operand : op->getOperands())
      if (failed(capture(kernel, operand, captures)))
        return failure();
    captures.repeated.insert(op);
    return success();
  }
  if (isBuffer) {
    InFlightDiagnostic diagnostic = kernel->emitOpError(
        "uses a buffer that is neither a binding nor placed "
        "by the memory plan");
    diagnostic.attachNote(value.getLoc()) << "this one";
    return diagnostic;
  }
  captures.numbers.insert(value);
  return success();
}

/// Bytes from the start of its memory to the end of `buffer`.
int64_t endOf(Value buffer, const BufferOrigin &origin, int64_t elementBytes) {
  return origin.number +
         cast<MemRefType>(buffer.getType()).getNumElements() * elementBytes;
}

/// Makes equal buffers one argument, and refuses buffers that overlap
/// otherwise: the arguments are noalias.
LogicalResult EntryOutliner::mergeBuffers(Operation *kernel, Captures &captures,
                                          IRMapping &mapping,
                                          SmallVectorImpl<Value> &distinct) {
  DataLayout layout = DataLayout::closest(kernel);
  auto elementBytes = [&](Value buffer) {
    return static_cast<int64_t>(layout.getTypeSize(
        cast<MemRefType>(buffer.getType()).getElementType()));
  };
  for (Value buffer : captures.buffers) {
    BufferOrigin origin = *originOf(buffer);
    Value same;
    for (Value other : distinct) {
      BufferOrigin otherOrigin = *originOf(other);
      if (origin == otherOrigin && buffer.getType() == other.getType() &&
          shiftOf(buffer) == shiftOf(other)) {
        same = other;
        break;
      }
      if (origin.kind != otherOrigin.kind ||
          origin.kind == BufferOrigin::Binding)
        continue;
      if (origin.number < endOf(other, otherOrigin, elementBytes(other)) &&
          otherOrigin.number < endOf(buffer, origin, elementBytes(buffer))) {
        InFlightDiagnostic diagnostic = kernel->emitOpError(
            "uses two buffers that the memory plan put into "
            "the same place");
        diagnostic.attachNote(buffer.getLoc()) << "one of them";
        diagnostic.attachNote(other.getLoc()) << "the other";
        return diagnostic;
      }
    }
    if (same)
      mapping.map(buffer, same);
    else
      distinct.push_back(buffer);
  }
  return success();
}

/// The function runs the iterations of one of `tasks` tasks.
func::FuncOp EntryOutliner::makeFunction(scf::ForallOp kernel,
                                         const Iteration &iteration,
                                         int64_t tasks,
                                         const Captures &captures,
                                         ArrayRef<Value> buffers,
                                         IRMapping &merged, StringRef name) {
  Location loc = kernel.getLoc();
  OpBuilder::InsertionGuard guard(builder);
  SmallVector<Type> argumentTypes;
  for (Value value : buffers)
    argumentTypes.push_back(value.getType());
  for (Value value : captures.numbers)
    argumentTypes.push_back(value.getType());
  argumentTypes.push_back(builder.getIndexType());

  builder.setInsertionPoint(entry);
  auto body = func::FuncOp::create(builder, loc, name,
                                   builder.getFunctionType(argumentTypes, {}));
  body.setPrivate();
  body->setAttr(kernelAttr, builder.getUnitAttr());
  body->setAttr("llvm.linkage",
                LLVM::LinkageAttr::get(builder.getContext(),
                                       LLVM::linkage::Linkage::Internal));
  for (unsigned i = 0; i < buffers.size(); ++i) {
    body.setArgAttr(i, LLVM::LLVMDialect::getNoAliasAttrName(),
                    builder.getUnitAttr());
    body.setArgAttr(i, LLVM::LLVMDialect::getAlignAttrName(),
                    builder.getI64IntegerAttr(alignmentOf(buffers[i])));
  }
  symbols.insert(body);

  Block *block = body.addEntryBlock();
  builder.setInsertionPointToStart(block);
  IRMapping mapping;
  unsigned next = 0;
  for (Value value : buffers)
    mapping.map(value, block->getArgument(next++));
  for (Value value : captures.buffers)
    if (Value same = merged.lookupOrNull(value))
      mapping.map(value, mapping.lookup(same));
  for (Value value : captures.numbers)
    mapping.map(value, block->getArgument(next++));
  for (Operation *op : captures.repeated)
    builder.clone(*op, mapping);

  // The indices of the kernel's dimensions, the last one fastest.
  Value rest = block->getArgument(next);
  builder.setInsertionPoint(func::ReturnOp::create(builder, loc));
  if (int64_t perTask = iteration.total / tasks; perTask > 1) {
    auto index = [&](int64_t value) {
      return arith::ConstantIndexOp::create(builder, loc, value);
    };
    Value first = arith::MulIOp::create(builder, loc, rest, index(perTask));
    Value end = arith::AddIOp::create(builder, loc, first, index(perTask));
    auto loop = scf::ForOp::create(builder, loc, first, end, index(1));
    builder.setInsertionPointToStart(loop.getBody());
    rest = loop.getInductionVar();
  }
  for (size_t i = iteration.count.size(); i-- > 0;) {
    Value position = rest;
    if (i > 0) {
      Value count =
          arith::ConstantIndexOp::create(builder, loc, iteration.count[i]);
      position = arith::RemUIOp::create(builder, loc, rest, count);
      rest = arith::DivUIOp::create(builder, loc, rest, count);
    }
    if (iteration.step[i] != 1)
      position = arith::MulIOp::create(
          builder, loc, position,
          arith::ConstantIndexOp::create(builder, loc, iteration.step[i]));
    if (iteration.lower[i] != 0)
      position = arith::AddIOp::create(
          builder, loc, position,
          arith::ConstantIndexOp::create(builder, loc, iteration.lower[i]));
    mapping.map(kernel.getInductionVars()[i], position);
  }
  for (Operation &op : kernel.getBody()->without_terminator())
    builder.clone(op, mapping);
  return body;
}

/// The address of a buffer that has an origin; `shift` is shiftOf it as the
/// LLVM dialect has it, or null.
Value EntryOutliner::addressOf(Location loc, Value buffer, Value call,
                               Value worker, Value shift) {
  Value address =
      abi.address(loc, call, *originOf(buffer), scratchBytes, worker);
  if (!shift)
    return address;
  Type element = cast<MemRefType>(buffer.getType()).getElementType();
  return LLVM::GEPOp::create(builder, loc, pointerType,
                             types.convertType(element), address,
                             ValueRange{shift});
}

/// One task: the bodies in turn. `numbers` are those of all bodies.
LLVM::LLVMFuncOp EntryOutliner::makeTask(Location loc, ArrayRef<Body> bodies,
                                         const llvm::SetVector<Value> &numbers,
                                         Type contextType, StringRef name) {
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPoint(entry);
  auto type = LLVM::LLVMFunctionType::get(
      LLVM::LLVMVoidType::get(builder.getContext()),
      {pointerType, builder.getI64Type(), builder.getI64Type()});
  auto task = LLVM::LLVMFuncOp::create(builder, loc, name, type,
                                       LLVM::Linkage::Internal);
  symbols.insert(task);

  Block *block = task.addEntryBlock(builder);
  builder.setInsertionPointToStart(block);
  Value context = block->getArgument(0);
  Value call = context;
  if (contextType)
    call = LLVM::LoadOp::create(builder, loc, pointerType,
                                abi.field(loc, contextType, context, 0));
  llvm::DenseMap<Value, Value> loaded; // as the LLVM dialect has them
  for (auto [i, number] : llvm::enumerate(numbers)) {
    Value place =
        abi.field(loc, contextType, context, static_cast<int32_t>(i) + 1);
    loaded[number] = LLVM::LoadOp::create(
        builder, loc, types.convertType(number.getType()), place);
  }
  for (auto [part, body] : llvm::enumerate(bodies)) {
    SmallVector<Value> arguments;
    for (Value buffer : body.buffers) {
      Value address = addressOf(loc, buffer, call, block->getArgument(2),
                                loaded.lookup(shiftOf(buffer)));
      arguments.push_back(
          abi.asMemRef(loc, address, cast<MemRefType>(buffer.getType())));
    }
    for (Value number : body.numbers)
      arguments.push_back(
          abi.fromLLVM(loc, loaded.lookup(number), number.getType()));
    arguments.push_back(
        abi.fromLLVM(loc, block->getArgument(1), builder.getIndexType()));
    func::CallOp::create(builder, loc, body.function, arguments);
    if (bodies.size() > 1)
      abi.tellPartDone(loc, call, static_cast<int64_t>(part),
                       block->getArgument(2));
  }
  LLVM::ReturnOp::create(builder, loc, ValueRange{});
  return task;
}

/// The type of the context of kernels that capture numbers, else null.
Type EntryOutliner::contextType(const llvm::SetVector<Value> &numbers) {
  if (numbers.empty())
    return {};
  SmallVector<Type> fields = {pointerType};
  for (Value number : numbers)
    fields.push_back(types.convertType(number.getType()));
  return LLVM::LLVMStructType::getLiteral(builder.getContext(), fields);
}

LogicalResult EntryOutliner::makeBody(scf::ForallOp kernel,
                                      const Iteration &iteration, int64_t tasks,
                                      StringRef name, Body &result) {
  hoistPlacedBuffers(kernel);
  Captures captures;
  llvm::SetVector<Value> outside;
  getUsedValuesDefinedAbove(kernel.getRegion(), outside);
  for (Value value : outside)
    if (failed(capture(kernel, value, captures)))
      return failure();
  for (Value number : captures.numbers)
    if (!types.convertType(number.getType()))
      return kernel.emitOpError("uses a value of type ")
             << number.getType() << ", which cannot be handed to a kernel";
  IRMapping merged;
  if (failed(mergeBuffers(kernel, captures, merged, result.buffers)))
    return failure();
  result.function = makeFunction(kernel, iteration, tasks, captures,
                                 result.buffers, merged, name);
  result.numbers = std::move(captures.numbers);
  return success();
}

/// Calls the kernels of a chain where the last of them stands.
LogicalResult EntryOutliner::outline(ArrayRef<scf::ForallOp> chain) {
  SmallVector<Iteration> iterations;
  for (scf::ForallOp kernel : chain) {
    std::optional<Iteration> iteration = iterationOf(kernel);
    if (!iteration)
      return failure();
    iterations.push_back(std::move(*iteration));
  }
  scf::ForallOp last = chain.back();
  int64_t tasks = iterations.front().total;
  for (const Iteration &iteration : iterations)
    tasks = std::min(tasks, iteration.total);
  if (tasks > 1 && last->hasAttr(serialAttr))
    tasks = 1;
  if (tasks == 0 && chain.size() == 1) {
    last.erase();
    return success();
  }
  for (const Iteration &iteration : iterations)
    if (tasks == 0 || iteration.total % tasks != 0)
      return last.emitOpError("ends a chain of ")
             << tasks << " tasks with a kernel of " << iteration.total;
  int64_t chainNumber = chain.size() > 1 ? ++chains : 0;
  for (scf::ForallOp kernel : chain)
    if (failed(describe(kernel, chainNumber)))
      return failure();

  std::string number = std::to_string(calls++);
  std::string prefix = entry.getSymName().str();
  SmallVector<Body> bodies;
  llvm::SetVector<Value> numbers;
  for (auto [i, kernel] : llvm::enumerate(chain)) {
    std::string name = prefix + "_kernel" + number;
    if (chain.size() > 1)
      name += "_" + std::to_string(i);
    if (failed(makeBody(kernel, iterations[i], tasks, name,
                        bodies.emplace_back())))
      return failure();
    numbers.insert_range(bodies.back().numbers);
  }
  Location loc = last.getLoc();
  Type context = contextType(numbers);
  LLVM::LLVMFuncOp task =
      makeTask(loc, bodies, numbers, context, prefix + "_task" + number);

  builder.setInsertionPoint(last);
  Value call = exported.getArgument(0);
  Value argument = call;
  if (context) {
    {
      OpBuilder::InsertionGuard guard(builder);
      builder.setInsertionPointToStart(&exported.getBody().front());
      argument = LLVM::AllocaOp::create(builder, loc, pointerType, context,
                                        abi.constant(loc, 1));
    }
    LLVM::StoreOp::create(builder, loc, call,
                          abi.field(loc, context, argument, 0));
    for (auto [i, value] : llvm::enumerate(numbers))
      LLVM::StoreOp::create(
          builder, loc, abi.toLLVM(loc, value),
          abi.field(loc, context, argument, static_cast<int32_t>(i) + 1));
  }
  Value address = LLVM::AddressOfOp::create(builder, loc, task);
  abi.callParallelFor(loc, call, tasks, address, argument);
  for (scf::ForallOp kernel : chain)
    kernel.erase();
  return success();
}

/// Samples that the entry asks its caller for.
LogicalResult EntryOutliner::lowerFetches() {
  SmallVector<fg::FetchOp> fetches;
  entry.walk([&](fg::FetchOp fetch) { fetches.push_back(fetch); });
  for (fg::FetchOp fetch : fetches) {
    auto batch = dyn_cast<BlockArgument>(fetch.getBatch());
    std::optional<BufferOrigin> origin = batch ? originOf(batch) : std::nullopt;
    if (!origin)
      return fetch.emitOpError("asks for what is no argument of the entry");
    // As much as fits of what begins there.
    Value to = fetch.getTo();
    auto part = to.getDefiningOp<memref::SubViewOp>();
    if (part && llvm::all_of(part.getMixedOffsets(), [](OpFoldResult offset) {
          return getConstantIntValue(offset) == 0;
        }))
      to = part.getSource();
    if (!originOf(to))
      return emitError(to.getLoc()) << "a buffer that is neither a binding nor "
                                       "placed by the memory plan";
    builder.setInsertionPoint(fetch);
    Location loc = fetch.getLoc();
    Value call = exported.getArgument(0);
    Value shift = shiftOf(to);
    Value address = addressOf(loc, to, call, /*worker=*/{},
                              shift ? abi.toLLVM(loc, shift) : shift);
    int64_t count = cast<MemRefType>(fetch.getTo().getType()).getDimSize(0);
    abi.callFetch(loc, call, origin->number, abi.toLLVM(loc, fetch.getFirst()),
                  count, address);
    fetch.erase();
  }
  return success();
}

/// foregrad_NAME: the check of the ABI, then what is left of the entry's body.
void EntryOutliner::makeEntry() {
  Location loc = entry.getLoc();
  Block *head = &exported.getBody().front();
  Block *work = builder.createBlock(&exported.getBody());
  Block *mismatch = builder.createBlock(&exported.getBody());

  builder.setInsertionPointToEnd(head);
  Value call = exported.getArgument(0);
  LLVM::CondBrOp::create(builder, loc, abi.abiMatches(loc, call), work,
                         mismatch);

  auto returnStatus = [&](int32_t status) {
    Value result = LLVM::ConstantOp::create(builder, loc, builder.getI32Type(),
                                            builder.getI32IntegerAttr(status));
    LLVM::ReturnOp::create(builder, loc, result);
  };
  builder.setInsertionPointToEnd(mismatch);
  returnStatus(FG_STATUS_ABI_MISMATCH);

  // What only kernels used has been repeated in them.
  Block &body = entry.getBody().front();
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(body)))
    if (isOpTriviallyDead(&op))
      op.erase();
  builder.setInsertionPointToEnd(work);
  for (BlockArgument argument : entry.getArguments())
    if (!argument.use_empty()) {
      Value address =
          abi.address(loc, call, origins.lookup(argument), scratchBytes, {});
      argument.replaceAllUsesWith(
          abi.asMemRef(loc, address, cast<MemRefType>(argument.getType())));
    }
  body.getTerminator()->erase();
  work->getOperations().splice(work->end(), body.getOperations());
  builder.setInsertionPointToEnd(work);
  returnStatus(FG_STATUS_OK);
}

LogicalResult EntryOutliner::run() {
  if (failed(readArguments()))
    return failure();

  // A kernel in a kernel is a loop: parallel_for is never called from a task.
  SmallVector<scf::ForallOp> inner, outer;
  entry.walk([&](scf::ForallOp kernel) {
    bool nested = kernel->getParentOfType<scf::ForallOp>() != nullptr;
    (nested ? inner : outer).push_back(kernel);
  });
  IRRewriter rewriter(entry.getContext());
  for (scf::ForallOp kernel : inner) {
    rewriter.setInsertionPoint(kernel);
    if (kernel.getNumResults() != 0 ||
        failed(scf::forallToForLoop(rewriter, kernel)))
      return kernel.emitOpError("cannot become a loop of the kernel around it");
  }

  builder.setInsertionPoint(entry);
  std::string symbol = ("foregrad_" + entry.getSymName()).str();
  auto type = LLVM::LLVMFunctionType::get(builder.getI32Type(), {pointerType});
  exported = LLVM::LLVMFuncOp::create(builder, entry.getLoc(), symbol, type);
  if (symbols.lookup(symbol)) {
    exported.erase();
    return entry.emitOpError("needs the name ") << symbol << ", which is taken";
  }
  symbols.insert(exported);
  exported.addEntryBlock(builder);

  for (size_t i = 0, end = 0; i < outer.size(); i = end) {
    auto chainOf = [&](size_t number) {
      return outer[number]->getAttrOfType<IntegerAttr>(chainAttr);
    };
    end = i + 1;
    while (chainOf(i) && end < outer.size() && chainOf(end) == chainOf(i) &&
           outer[end]->getBlock() == outer[i]->getBlock())
      ++end;
    if (failed(outline(ArrayRef(outer).slice(i, end - i))))
      return failure();
  }

  if (failed(lowerFetches()))
    return failure();

  auto copyBytes = [&](StringRef name) {
    auto bytes = entry->getAttrOfType<IntegerAttr>(name);
    exported->setAttr(name, bytes ? bytes : builder.getI64IntegerAttr(0));
  };
  copyBytes(arenaBytesAttr);
  copyBytes(scratchBytesAttr);
  exported->setAttr(entryAttr, builder.getStringAttr(entry.getSymName()));
  exported->setAttr(flopsAttr, builder.getF64FloatAttr(flops));
  exported->setAttr(kernelsAttr, builder.getArrayAttr(kernels));
  exported->setAttr(panelsAttr, panelsOfArguments());
  makeEntry();
  symbols.erase(entry);
  return success();
}

struct OutlineKernelsPass
    : public PassWrapper<OutlineKernelsPass, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(OutlineKernelsPass)

  StringRef getArgument() const final { return "fg-outline-kernels"; }
  StringRef getDescription() const final {
    return R"(Turn kernels into functions and entries into the C ABI.

    func.func @step(%x: memref<8xf32> {fg.binding = 0 : i64}, ...) {
      scf.forall (%i) in (8) { ... memref.store %v, %x[%i] ... }
      return
    }

  becomes

    func.func private @step_kernel0(%x: memref<8xf32> {llvm.noalias, ...},
                                    %i: index) {
      ... memref.store %v, %x[%i] ...
    }
    llvm.func internal @step_task0(%context: !llvm.ptr, %index: i64,
                                   %worker: i64) {
      ... func.call @step_kernel0(%buffer0, %index) ...
    }
    llvm.func @foregrad_step(%call: !llvm.ptr) -> i32 {
      ... call->parallel_for(call->pool, 8, @step_task0, %call) ...
    })";
  }
  void getDependentDialects(DialectRegistry &registry) const override {
    registry.insert<arith::ArithDialect, func::FuncDialect, LLVM::LLVMDialect,
                    memref::MemRefDialect, scf::SCFDialect>();
  }
  void runOnOperation() override {
    ModuleOp module = getOperation();
    LLVMTypeConverter types(&getContext());
    SymbolTable symbols(module);
    SmallVector<func::FuncOp> entries;
    for (auto function : module.getOps<func::FuncOp>())
      if (!function.isExternal() && function.isPublic())
        entries.push_back(function);
    for (func::FuncOp entry : entries)
      if (failed(EntryOutliner(entry, symbols, types).run()))
        return signalPassFailure();
  }
};

} // namespace

std::unique_ptr<Pass> createOutlineKernelsPass() {
  return std::make_unique<OutlineKernelsPass>();
}

void registerOutlineKernelsPass() { PassRegistration<OutlineKernelsPass>(); }

} // namespace foregrad::compiler
