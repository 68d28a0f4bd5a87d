//===- Elaborator.h - Semantic analysis, shared by its files --------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
//
// Runs through the model as written, once: names have values, statements add
// nodes to the region that is open. What fails is reported and gives an invalid
// operand, which every use takes silently, so that one mistake is one error.
//
//===----------------------------------------------------------------------===//

#ifndef FOREGRAD_FRONTENDS_FG_ELABORATOR_H
#define FOREGRAD_FRONTENDS_FG_ELABORATOR_H

#include "frontends/fg/Semantic.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/StringMap.h"

namespace foregrad::lang {

/// "[token = 64, channel = 512]".
std::string formatAxes(llvm::ArrayRef<Axis> axes);
/// Position of the axis called `name`, or -1.
int findAxis(llvm::ArrayRef<Axis> axes, llvm::StringRef name);

/// What an expression gives.
struct Operand {
  enum class Kind { Invalid, Constant, Array, Label };
  Kind kind = Kind::Invalid;
  std::optional<Constant> constant;
  ArrayId array = 0;

  Operand() = default;
  Operand(Constant value) : kind(Kind::Constant), constant(std::move(value)) {}
  static Operand ofArray(ArrayId id) {
    Operand operand;
    operand.kind = Kind::Array;
    operand.array = id;
    return operand;
  }
  static Operand ofLabel() {
    Operand operand;
    operand.kind = Kind::Label;
    return operand;
  }
  explicit operator bool() const { return kind != Kind::Invalid; }
  bool isConstant() const { return kind == Kind::Constant; }
  bool isArray() const { return kind == Kind::Array; }
};

/// The arguments of a call, sorted by kind.
struct Arguments {
  llvm::SmallVector<const ast::Argument *, 4> positional;
  llvm::StringMap<const ast::Argument *> named;
  const ast::Argument *arrow = nullptr;
  const ast::Argument *per = nullptr;
  const ast::Argument *window = nullptr;
  /// `split` only: the axes after the first one behind the arrow.
  std::vector<const ast::Argument *> furtherAxes;
};

class Elaborator {
public:
  explicit Elaborator(Diagnostics &diagnostics) : diagnostics(diagnostics) {}

  std::optional<Graph> run(const ast::Model &model,
                           const ElaborationOptions &options);
  std::optional<Constant> evaluateConstant(const ast::Expr &expr,
                                           const llvm::Twine &what);

private:
  using AxisNames = llvm::SmallVector<ast::Identifier, 4>;

  // Semantic.cpp: parameters and statements.
  void bindParameters(const ast::Model &model,
                      llvm::ArrayRef<Setting> settings);
  std::optional<Constant> convertSetting(const Setting &setting,
                                         const Constant &fallback);
  void runBody(llvm::ArrayRef<ast::StmtPtr> body);
  void runStatement(const ast::Stmt &stmt);
  void runInput(const ast::InputStmt &stmt);
  void runLabel(const ast::LabelStmt &stmt);
  void runAssign(const ast::AssignStmt &stmt);
  void runBlock(const ast::BlockStmt &stmt);
  void runRepeat(const ast::RepeatStmt &stmt);
  void runLoss(const ast::LossStmt &stmt);
  void runPredict(const ast::PredictStmt &stmt);
  bool addPredictLoss(const ast::PredictStmt &stmt, ArrayId logits);
  void finish(const ast::Model &model);

  // Names.cpp: names, regions, arrays.
  Operand resolve(const ast::NameExpr &expr);
  std::optional<std::string> resolveTemplate(const ast::NameTemplate &name);
  bool claimName(llvm::StringMap<llvm::SMRange> &names, llvm::StringRef name,
                 llvm::SMRange range, llvm::StringRef what);
  bool checkNewName(const ast::Identifier &name, llvm::StringRef what);
  bool checkAxisName(const ast::Identifier &name);
  std::optional<int64_t> evaluateSize(const ast::Expr &expr,
                                      const llvm::Twine &what);
  bool spend(llvm::SMRange range, size_t steps = 1);
  Operand addNode(Node node, Axes axes);
  void noteUse(ArrayId array);
  bool checkElements(llvm::ArrayRef<Axis> axes, int64_t batch,
                     llvm::SMRange range, llvm::StringRef what);
  struct OpenRegion;
  void openRegion(Region &region);
  void closeRegion();

  // Expressions.cpp: operators, labels, conditions.
  Operand evaluate(const ast::Expr &expr);
  Operand evaluateList(const ast::ListExpr &expr);
  Operand evaluateUnary(const ast::UnaryExpr &expr);
  Operand evaluateBinary(const ast::BinaryExpr &expr);
  Operand combineArrays(const ast::BinaryExpr &expr, ArrayId lhs, ArrayId rhs);
  Operand combineWithNumber(const ast::BinaryExpr &expr, const Operand &lhs,
                            const Operand &rhs);
  Operand evaluateConditional(const ast::ConditionalExpr &expr);
  Operand evaluateLabel(const ast::LabelExpr &expr);
  Operand addScale(ArrayId array, double factor, llvm::SMRange range);
  Operand addOffset(ArrayId array, double offset, llvm::SMRange range);

  // Arguments.cpp: what stands in a call.
  struct Signature;
  bool sortArguments(const ast::CallExpr &call, const Signature &signature,
                     Arguments &arguments);
  std::optional<ArrayId> evaluateArray(const ast::Expr &expr,
                                       llvm::StringRef user);
  std::optional<AxisNames> readAxisNames(const ast::Expr &expr);
  /// The same, all of which the array must have.
  std::optional<AxisNames> readAxesOf(const ast::Expr &expr, ArrayId array);
  std::optional<double> readNumber(const ast::Argument &argument);
  std::optional<bool> readBoolean(const ast::Argument &argument);
  bool reportMissingAxis(const ast::Identifier &name, ArrayId array);

  // Operations.cpp: the functions of the language.
  Operand evaluateCall(const ast::CallExpr &call);
  Operand callConstantFunction(const ast::CallExpr &call);
  Operand callNorm(const ast::CallExpr &call);
  Operand callRelu(const ast::CallExpr &call);
  Operand callSoftmax(const ast::CallExpr &call);
  Operand callSum(const ast::CallExpr &call);
  Operand callMean(const ast::CallExpr &call);
  Operand addSum(const ast::CallExpr &call, bool isMean);
  Operand callSplit(const ast::CallExpr &call);
  Operand callMerge(const ast::CallExpr &call);
  Operand callPatchify(const ast::CallExpr &call);
  Operand callStandardize(const ast::CallExpr &call);
  Operand callCrossEntropy(const ast::CallExpr &call);
  Operand callSquaredError(const ast::CallExpr &call);
  Operand addLoss(const ast::CallExpr &call, Node::Kind kind);
  std::optional<std::vector<double>> readPerColor(const ast::Argument &argument,
                                                  llvm::ArrayRef<Axis> axes);
  std::optional<std::string> nameSite(const ast::CallExpr &call, ArrayId input);

  // Convolution.cpp.
  /// How windows lie along one axis.
  struct Window {
    ast::Identifier axis;
    int64_t size, count; // elements of a window, windows
    int64_t stride, before;
  };
  using Windows = llvm::SmallVector<Window, 2>;
  Operand callConv(const ast::CallExpr &call);
  /// The axis of a window's elements; no axis of a model has this name.
  static std::string getWindowName(llvm::StringRef axis);
  std::optional<Windows> readWindows(const Arguments &arguments, ArrayId input);
  std::optional<bool> readPadding(const Arguments &arguments);
  std::optional<Window> placeWindow(const ast::AxisDeclaration &axis,
                                    const Axis &along, int64_t stride,
                                    bool isPadded);
  std::optional<ArrayId> addWindows(const ast::CallExpr &call, ArrayId input,
                                    llvm::ArrayRef<Window> windows);

  // Linear.cpp.
  Operand callLinear(const ast::CallExpr &call);
  Operand addLayer(const ast::CallExpr &call, const Arguments &arguments,
                   ArrayId input, llvm::ArrayRef<Window> windows);
  std::optional<AxisNames> readPer(const Arguments &arguments, ArrayId input);
  bool checkNotMixed(const ast::CallExpr &call,
                     llvm::ArrayRef<ast::Identifier> per,
                     llvm::ArrayRef<ast::Identifier> mixed);
  std::optional<int64_t> getOutputSize(const ast::Argument &arrow,
                                       llvm::ArrayRef<Axis> axes,
                                       llvm::ArrayRef<ast::Identifier> from);
  std::optional<double> getInitialScale(const Arguments &arguments,
                                        int64_t fanIn);
  bool claimLayer(const ast::CallExpr &call);

  Diagnostics &diagnostics;
  Graph graph;
  int64_t batch = 1;
  size_t steps = 0;
  bool isExhausted = false; // a limit was reached: stop
  bool isRepeated = false;  // we are in a repeat

  struct Binding {
    enum class Kind { Parameter, Counter, Input, Label, Variable };
    Kind kind;
    Operand value;
    llvm::SMRange range;
  };
  llvm::StringMap<Binding> bindings;

  struct ArrayInfo {
    Region *owner;              // where it can be used without a capture
    Region *exporter = nullptr; // the closed block that made it
    bool isExported = false;
    unsigned block;    // in which it was made; 0: in none
    std::string layer; // that feeds it, for the name of a site; may be empty
  };
  std::vector<ArrayInfo> infos; // by ArrayId, beside Graph::arrays

  struct OpenRegion {
    Region *region;
    llvm::DenseSet<ArrayId> captured;
  };
  std::vector<OpenRegion> openRegions;

  // The block in which we are.
  unsigned numBlocks = 0;
  unsigned block = 0; // its number; 0: in none
  std::string blockName;
  std::optional<llvm::SMRange> blockLoss;

  // The loss or prediction in which we are: the one array that it starts from.
  struct Head {
    bool isPredict;
    std::optional<ArrayId> source;
    llvm::SMRange sourceRange;
    llvm::StringRef sourceName;
  };
  Head *head = nullptr;
  std::string predictName;
  llvm::SMRange predictRange;

  // The label in which we are.
  struct LabelScope {
    std::string path;
    std::optional<ast::Identifier> layer; // the function that learns in it
    const ast::Expr *body = nullptr;      // what the label stands before
  };
  LabelScope *label = nullptr;

  llvm::StringMap<llvm::SMRange> blockNames, layerPaths, siteNames;
};

} // namespace foregrad::lang

#endif // FOREGRAD_FRONTENDS_FG_ELABORATOR_H
