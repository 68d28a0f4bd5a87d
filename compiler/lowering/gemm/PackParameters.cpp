//===- PackParameters.cpp - Parameters that live in panels ----------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
//
// A parameter is worth panels if a product reads it as B. It may have them if
// no op can tell: each that touches it, or a buffer that is tied to it, is
//
//  - a product that reads whole matrices as B, or as B transposed where panels
//    of that are made ahead, or writes whole matrices as C;
//  - an op of single elements, which takes those at one place of all these
//    buffers and asks not for the place; its other buffers are tied to them;
//  - a fill.
//
// Tied buffers lie alike. Where an entry cannot have a parameter in panels, it
// takes it row-major, and who calls entries brings one layout into the other:
// so `init`, which draws numbers by their places, once for each training.
// For what is called in turn, panels are chosen once for all entries.
//
//===----------------------------------------------------------------------===//

#include "compiler/lowering/gemm/PackParameters.h"

#include "compiler/lowering/Buffers.h"
#include "compiler/lowering/TargetPass.h"
#include "compiler/lowering/gemm/Blocking.h"
#include "compiler/lowering/gemm/PackAhead.h"
#include "compiler/lowering/linalg/LowerToLinalg.h"
#include "dialects/fg/Fg.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;
using namespace foregrad;
using namespace foregrad::compiler;

namespace {

struct Wish {
  std::optional<Panels> panels;
  int64_t work = 0; // multiplications of the product that wants them
};

/// What one entry does with a parameter, if that lies in panels.
class Entry {
public:
  Entry(Value parameter, const TargetDescription &target)
      : parameter(parameter), target(target) {}

  /// The panels that the largest product wants that reads the parameter as B;
  /// none if no product does, or if the matrix would be one panel, which is
  /// row-major.
  Wish wanted();

  /// Gives the parameter, and what is tied to it, these panels, if it can.
  void setIfPossible(const Panels &panels);

private:
  bool canLieIn(const Panels &panels, OpOperand &use);
  bool isProductOf(const Panels &panels, linalg::GenericOp op, Value buffer);
  bool tieElements(const Panels &panels, linalg::GenericOp op, OpOperand &use);

  Value parameter;
  const TargetDescription &target;
  SetVector<Value> tied;
};

Wish Entry::wanted() {
  Wish best;
  allUsesOf(parameter, [&](OpOperand &use) {
    auto op = dyn_cast<linalg::GenericOp>(use.getOwner());
    std::string why;
    std::optional<Contraction> product =
        op ? analyzeContraction(op, why) : std::nullopt;
    if (!product)
      return true;
    int64_t lanes = target.lanes(product->elementBytes());
    if (bufferBelow(product->b.memref) != parameter ||
        product->multiplications() <= best.work ||
        !readsWhole(*product, product->k.size, product->n.size) ||
        product->n.size % lanes != 0)
      return true;
    // From panels as if they had been made ahead; numbers that are rounded are
    // packed again.
    LifeOfB life = lifeOfB(op, *product);
    if (!product->roundsB())
      life.isInvariant = true;
    if (target.bf16 != Bf16Products::Widened)
      product->pairUp();
    Blocking blocking = chooseBlocking(*product, target, life);
    best = {Panels{product->k.size, blocking.columns.widths()},
            product->multiplications()};
    return true;
  });
  if (best.panels && best.panels->widths.size() == 1)
    return {};
  return best;
}

/// A product that knows what to do with panels of `buffer`, one of its
/// operands.
bool Entry::isProductOf(const Panels &panels, linalg::GenericOp op,
                        Value buffer) {
  std::string why;
  std::optional<Contraction> product = analyzeContraction(op, why);
  if (!product)
    return false;
  Value a = bufferBelow(product->a.memref), b = bufferBelow(product->b.memref),
        c = bufferBelow(product->c.memref);
  int64_t rows = panels.depth, columns = panels.columns();
  // What writes to one of its inputs becomes no kernel of register tiles.
  if (a == buffer || a == c || b == c)
    return false;
  // Nor is there one that widens the numbers of panels.
  if (b == buffer && product->typeB != product->type)
    return false;
  if (c == buffer)
    return !panelsOf(b) && writesWhole(*product, rows, columns);
  if (panelsOf(c))
    return false;
  if (readsWhole(*product, rows, columns))
    return true;
  return readsTransposed(*product, rows, columns) &&
         lifeOfB(op, *product).isInvariant;
}

/// Whether `op` works element by element on matrices of all buffers that
/// depend on their place; those are noted as tied.
bool Entry::tieElements(const Panels &panels, linalg::GenericOp op,
                        OpOperand &use) {
  // The last dimensions of the operand that together are a matrix.
  auto matrixOf =
      [&](OpOperand &operand) -> std::optional<ArrayRef<AffineExpr>> {
    auto type = dyn_cast<MemRefType>(operand.get().getType());
    if (!type || !type.hasStaticShape() || !type.getLayout().isIdentity())
      return std::nullopt;
    int64_t elements = 1;
    size_t first = type.getRank();
    while (first > 0 && elements < panels.elements())
      elements *= type.getDimSize(--first);
    if (elements != panels.elements())
      return std::nullopt;
    return op.getMatchingIndexingMap(&operand).getResults().drop_front(first);
  };
  std::optional<ArrayRef<AffineExpr>> place = matrixOf(use);
  if (!place)
    return false;
  llvm::SmallDenseSet<unsigned> dims;
  for (AffineExpr expr : *place) {
    auto dim = dyn_cast<AffineDimExpr>(expr);
    if (!dim || !dims.insert(dim.getPosition()).second)
      return false;
  }
  auto dependsOnPlace = [&](AffineExpr expr) {
    return llvm::any_of(
        dims, [&](unsigned dim) { return expr.isFunctionOfDim(dim); });
  };
  SmallVector<Value> others;
  for (OpOperand &operand : op->getOpOperands()) {
    ArrayRef<AffineExpr> results =
        op.getMatchingIndexingMap(&operand).getResults();
    if (llvm::none_of(results, dependsOnPlace))
      continue;
    std::optional<ArrayRef<AffineExpr>> own = matrixOf(operand);
    if (!own || *own != *place ||
        llvm::any_of(results.drop_back(own->size()), dependsOnPlace))
      return false;
    others.push_back(bufferBelow(operand.get()));
  }
  for (Operation &inner : op.getBody()->without_terminator()) {
    auto index = dyn_cast<linalg::IndexOp>(inner);
    if (index ? dims.contains(index.getDim()) : !isMemoryEffectFree(&inner))
      return false;
  }
  tied.insert(others.begin(), others.end());
  return true;
}

bool Entry::canLieIn(const Panels &panels, OpOperand &use) {
  Operation *user = use.getOwner();
  if (isa<linalg::FillOp, memref::DeallocOp>(user))
    return true;
  auto op = dyn_cast<linalg::GenericOp>(user);
  return op && (tieElements(panels, op, use) ||
                isProductOf(panels, op, bufferBelow(use.get())));
}

void Entry::setIfPossible(const Panels &panels) {
  tied.insert(parameter);
  for (size_t i = 0; i < tied.size(); ++i) { // grows
    auto type = dyn_cast<MemRefType>(tied[i].getType());
    auto argument = dyn_cast<BlockArgument>(tied[i]);
    bool isKept = argument
                      ? isa<func::FuncOp>(argument.getOwner()->getParentOp())
                      : bool(tied[i].getDefiningOp<memref::AllocOp>());
    if (!isKept || panelsOf(tied[i]) || !type || !type.hasStaticShape() ||
        type.getNumElements() % panels.elements() != 0 ||
        !allUsesOf(tied[i],
                   [&](OpOperand &use) { return canLieIn(panels, use); }))
      return;
  }
  for (Value buffer : tied)
    setPanels(buffer, panels);
}

/// The parameters of an entry, by name.
llvm::MapVector<StringRef, Value> parametersOf(func::FuncOp function) {
  llvm::MapVector<StringRef, Value> parameters;
  for (BlockArgument argument : function.getArguments()) {
    auto role = function.getArgAttrOfType<fg::RoleAttr>(argument.getArgNumber(),
                                                        kRoleAttr);
    auto name = function.getArgAttrOfType<StringAttr>(argument.getArgNumber(),
                                                      kNameAttr);
    if (role && name && role.getValue() == fg::Role::Parameter)
      parameters[name.getValue()] = argument;
  }
  return parameters;
}

struct PackParametersPass : public TargetPass<PackParametersPass, ModuleOp> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(PackParametersPass)

  PackParametersPass() = default;
  explicit PackParametersPass(const TargetDescription &target)
      : TargetPass(target) {}

  StringRef getArgument() const final { return "fg-pack-parameters"; }
  StringRef getDescription() const final {
    return R"(Let parameters lie in the panels that products read.

    func.func @step(%w: memref<64x48xf32> {fg.name = "w", fg.role = ..}, ..) {
      linalg.matmul ins(%x, %w) outs(%y)
      ..
    }

  becomes

    func.func @step(%w: memref<64x48xf32> {.., fg.panels = {depth = 64,
                        widths = array<i64: 32, 16>}}, ..))";
  }

  void runOnOperation() override {
    TargetDescription target = describedTarget();
    llvm::StringMap<Wish> choices;
    for (auto function : getOperation().getOps<func::FuncOp>())
      for (auto [name, parameter] : parametersOf(function)) {
        Wish wish = Entry(parameter, target).wanted();
        if (wish.work > choices[name].work)
          choices[name] = std::move(wish);
      }
    for (auto function : getOperation().getOps<func::FuncOp>())
      for (auto [name, parameter] : parametersOf(function))
        if (std::optional<Panels> panels = choices.lookup(name).panels)
          Entry(parameter, target).setIfPossible(*panels);
  }
};

} // namespace

std::unique_ptr<Pass>
foregrad::compiler::createPackParametersPass(const TargetDescription &target) {
  return std::make_unique<PackParametersPass>(target);
}

void foregrad::compiler::registerPackParametersPass() {
  PassRegistration<PackParametersPass>();
}
