//===- Semantic.cpp - Parameters and statements ---------------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//

#include "frontends/fg/Semantic.h"
#include "frontends/fg/Elaborator.h"
#include "llvm/ADT/ScopeExit.h"

namespace foregrad::lang {

using namespace ast;

std::optional<Constant> evaluateSetting(const Expr &expr,
                                        Diagnostics &diagnostics) {
  return Elaborator(diagnostics).evaluateConstant(expr, "a setting");
}

std::optional<Graph> elaborate(const Model &model,
                               const ElaborationOptions &options,
                               Diagnostics &diagnostics) {
  return Elaborator(diagnostics).run(model, options);
}

std::optional<Graph> Elaborator::run(const Model &model,
                                     const ElaborationOptions &options) {
  batch = options.batch;
  graph.name = model.name.text.str();
  graph.range = model.name.range;
  bindParameters(model, options.settings);
  if (diagnostics.hasErrors())
    return std::nullopt;
  openRegion(graph.body);
  runBody(model.body);
  closeRegion();
  finish(model);
  if (diagnostics.hasErrors())
    return std::nullopt;
  return std::move(graph);
}

// Parameters
// ------------------------------------------------------------------//

// The setting as a value of the default's kind.
std::optional<Constant> Elaborator::convertSetting(const Setting &setting,
                                                   const Constant &fallback) {
  const Constant &value = setting.value;
  auto fail = [&](llvm::StringRef kind) {
    diagnostics.error(setting.name.range, "'" + setting.name.text + "' is " +
                                              kind + "; it cannot be " +
                                              value.describe());
    diagnostics.help("its default is " + fallback.format());
    return std::nullopt;
  };
  if (fallback.isBoolean()) {
    if (value.isBoolean())
      return value;
    if (value.isInteger() &&
        (value.getInteger() == 0 || value.getInteger() == 1))
      return Constant(value.getInteger() == 1);
    return fail("a switch (true or false)");
  }
  // A list stands for one value a color; one number stands for all colors.
  if (fallback.isList())
    return value.isList() || value.isNumeric() ? std::optional(value)
                                               : fail("a list or a number");
  if (fallback.isText())
    return value.isText() ? std::optional(value) : fail("a text");
  if (fallback.isInteger())
    return value.isInteger() ? std::optional(value) : fail("an integer");
  return value.isNumeric() ? std::optional(value) : fail("a number");
}

void Elaborator::bindParameters(const Model &model,
                                llvm::ArrayRef<Setting> settings) {
  llvm::StringMap<const Setting *> wanted;
  llvm::SmallVector<llvm::StringRef> names;
  llvm::StringMap<llvm::SMRange> known;
  for (const ParameterDeclaration &parameter : model.parameters) {
    names.push_back(parameter.name.text);
    known.try_emplace(parameter.name.text, parameter.name.range);
  }
  for (const Setting &setting : settings) {
    wanted[setting.name.text] = &setting;
    if (known.contains(setting.name.text))
      continue;
    diagnostics.error(setting.name.range, "the model '" + model.name.text +
                                              "' has no parameter '" +
                                              setting.name.text + "'");
    if (llvm::StringRef similar = findSimilar(setting.name.text, names);
        !similar.empty())
      diagnostics.help("did you mean '" + similar + "'?");
    else if (names.empty())
      diagnostics.help("it has no parameters at all");
    else if (names.size() <= 50)
      diagnostics.help("its parameters are " + joinWords(names, "and"));
  }
  for (const ParameterDeclaration &parameter : model.parameters) {
    std::optional<Constant> value = evaluateConstant(
        *parameter.value, "the default of '" + parameter.name.text + "'");
    if (value)
      if (const Setting *setting = wanted.lookup(parameter.name.text))
        value = convertSetting(*setting, *value);
    Operand operand = value ? Operand(*value) : Operand();
    bindings[parameter.name.text] = {Binding::Kind::Parameter, operand,
                                     parameter.name.range};
  }
}

// Statements
// ------------------------------------------------------------------//

void Elaborator::runBody(llvm::ArrayRef<StmtPtr> body) {
  for (const StmtPtr &stmt : body) {
    if (!spend(stmt->range))
      return;
    runStatement(*stmt);
  }
}

void Elaborator::runStatement(const Stmt &stmt) {
  if (!predictName.empty()) {
    diagnostics.error(stmt.range, stmt.kind == Stmt::Kind::Predict
                                      ? "a model has one prediction"
                                      : "nothing may follow the prediction");
    diagnostics.note(predictRange, "the prediction is here");
    isExhausted = true; // all further statements would say the same
    return;
  }
  switch (stmt.kind) {
  case Stmt::Kind::Input:
    return runInput(llvm::cast<InputStmt>(stmt));
  case Stmt::Kind::Label:
    return runLabel(llvm::cast<LabelStmt>(stmt));
  case Stmt::Kind::Assign:
    return runAssign(llvm::cast<AssignStmt>(stmt));
  case Stmt::Kind::Block:
    return runBlock(llvm::cast<BlockStmt>(stmt));
  case Stmt::Kind::Repeat:
    return runRepeat(llvm::cast<RepeatStmt>(stmt));
  case Stmt::Kind::Loss:
    return runLoss(llvm::cast<LossStmt>(stmt));
  case Stmt::Kind::Predict:
    return runPredict(llvm::cast<PredictStmt>(stmt));
  }
}

void Elaborator::runInput(const InputStmt &stmt) {
  if (block) {
    diagnostics.error(stmt.range,
                      "an input is declared by the model, not by a block");
    return;
  }
  if (!graph.inputName.empty()) {
    diagnostics.error(stmt.name.range, "a model has one input");
    diagnostics.note(graph.inputRange, "it is '" + graph.inputName + "'");
    return;
  }
  if (!checkNewName(stmt.name, "the input"))
    return;
  graph.inputName = stmt.name.text.str();
  graph.inputRange = stmt.name.range;
  Binding &binding = bindings[stmt.name.text] = {Binding::Kind::Input,
                                                 Operand(), stmt.name.range};
  graph.inputIsBytes = stmt.elementType.text == "u8";
  bool isRight = true;
  if (!graph.inputIsBytes && stmt.elementType.text != "f32") {
    diagnostics.error(stmt.elementType.range,
                      "the data of an input are u8 or f32, not '" +
                          stmt.elementType.text + "'");
    diagnostics.help("u8: bytes, scaled to 0..1; f32: numbers as they are");
    isRight = false;
  }
  Axes axes;
  for (const AxisDeclaration &axis : stmt.axes) {
    isRight &= checkAxisName(axis.name);
    std::optional<int64_t> size =
        evaluateSize(*axis.size, "the size of '" + axis.name.text + "'");
    isRight &= size.has_value();
    axes.push_back({axis.name.text.str(), size.value_or(1)});
  }
  if (axes.empty()) {
    diagnostics.error(stmt.name.range, "the input has no axes");
    isRight = false;
  }
  if (!isRight || !checkElements(axes, batch, stmt.name.range, "the input"))
    return;
  graph.input = graph.arrays.size();
  graph.arrays.push_back(std::move(axes));
  ArrayInfo info;
  info.owner = &graph.body;
  info.block = 0;
  infos.push_back(info);
  binding.value = Operand::ofArray(graph.input);
}

void Elaborator::runLabel(const LabelStmt &stmt) {
  if (block) {
    diagnostics.error(stmt.range,
                      "a label is declared by the model, not by a block");
    return;
  }
  if (!graph.labelName.empty()) {
    diagnostics.error(stmt.name.range, "a model has one label");
    diagnostics.note(graph.labelRange, "it is '" + graph.labelName + "'");
    return;
  }
  if (!checkNewName(stmt.name, "the label"))
    return;
  graph.labelName = stmt.name.text.str();
  graph.labelRange = stmt.name.range;
  Binding &binding = bindings[stmt.name.text] = {Binding::Kind::Label,
                                                 Operand(), stmt.name.range};
  std::optional<Constant> classes =
      evaluateConstant(*stmt.classes, "the number of classes");
  if (!classes)
    return;
  llvm::SMRange range = stmt.classes->range;
  if (classes->isInteger()) {
    graph.numClasses = classes->getInteger();
  } else if (classes->isList()) {
    for (const Constant &name : classes->getList()) {
      if (!name.isText()) {
        diagnostics.error(range,
                          "the names of the classes must be texts; here is " +
                              name.describe());
        return;
      }
      graph.classNames.push_back(name.getText().str());
    }
    graph.numClasses = static_cast<int64_t>(graph.classNames.size());
  } else {
    diagnostics.error(range, "a label needs the number of its classes or a "
                             "list of their names; this is " +
                                 classes->describe());
    return;
  }
  constexpr int64_t kMaxClasses = 1 << 24;
  if (graph.numClasses < 2 || graph.numClasses > kMaxClasses) {
    diagnostics.error(
        range, "a label has at least 2 classes and at most 2^24; this has " +
                   llvm::Twine(graph.numClasses));
    return;
  }
  binding.value = Operand::ofLabel();
}

void Elaborator::runAssign(const AssignStmt &stmt) {
  Operand value = evaluate(*stmt.value);
  if (value.kind == Operand::Kind::Label) {
    diagnostics.error(stmt.value->range,
                      "the label can be used in a loss only");
    value = {};
  }
  auto found = bindings.find(stmt.name.text);
  if (found != bindings.end() &&
      found->second.kind != Binding::Kind::Variable) {
    static constexpr llvm::StringLiteral kKinds[] = {
        "a parameter of the model", "the counter of a repeat",
        "the input of the model", "the label of the model"};
    diagnostics.error(stmt.name.range,
                      "'" + stmt.name.text + "' is " +
                          kKinds[static_cast<int>(found->second.kind)] +
                          " and keeps its value");
    diagnostics.note(found->second.range, "it is declared here");
    return;
  }
  bindings[stmt.name.text] = {Binding::Kind::Variable, std::move(value),
                              stmt.name.range};
}

/// A block, loss or prediction without content.
static Node makeRegionNode(Node::Kind kind, llvm::SMRange range,
                           llvm::StringRef name) {
  Node node;
  node.kind = kind;
  node.range = range;
  node.name = name.str();
  node.body = std::make_unique<Region>();
  return node;
}

void Elaborator::runBlock(const BlockStmt &stmt) {
  if (block) {
    diagnostics.error(stmt.range, "a block cannot stand in a block");
    diagnostics.help("blocks follow one another; each learns by itself");
    return;
  }
  std::optional<std::string> name = resolveTemplate(stmt.name);
  if (!name || !claimName(blockNames, *name, stmt.name.range, "blocks")) {
    if (name && isRepeated && stmt.name.parts.size() == 1)
      diagnostics.help("in a repeat, put the counter into the name: block " +
                       *name + "{i}");
    return;
  }
  Node node = makeRegionNode(Node::Kind::Block, stmt.name.range, *name);
  Region *region = node.body.get();
  block = ++numBlocks;
  blockName = *name;
  blockLoss.reset();
  ArrayId first = graph.arrays.size();
  openRegion(*region);
  runBody(stmt.body);
  closeRegion();
  // Its values are visible after it; those used become its results.
  for (ArrayId array = first; array < graph.arrays.size(); ++array) {
    infos[array].owner = &graph.body;
    infos[array].exporter = region;
  }
  block = 0;
  blockName.clear();
  if (region->nodes.empty() && !diagnostics.hasErrors())
    diagnostics.error(stmt.name.range,
                      "the block '" + *name + "' does nothing");
  openRegions.back().region->nodes.push_back(std::move(node));
}

void Elaborator::runRepeat(const RepeatStmt &stmt) {
  if (!checkNewName(stmt.variable, "the counter"))
    return;
  auto evaluateBound = [&](const Expr &expr) -> std::optional<int64_t> {
    std::optional<Constant> value =
        evaluateConstant(expr, "a bound of a repeat");
    if (value && !value->isInteger()) {
      diagnostics.error(expr.range,
                        "a bound of a repeat must be an integer; this is " +
                            value->describe());
      return std::nullopt;
    }
    return value ? std::optional(value->getInteger()) : std::nullopt;
  };
  std::optional<int64_t> from = evaluateBound(*stmt.from);
  std::optional<int64_t> to = evaluateBound(*stmt.to);
  if (!from || !to)
    return;
  llvm::SMRange range(stmt.from->range.Start, stmt.to->range.End);
  if (*to < *from) {
    diagnostics.error(range, "the repeat runs from " + llvm::Twine(*from) +
                                 " up to " + llvm::Twine(*to) +
                                 ", which lies before");
    return;
  }
  constexpr int64_t kLimit = int64_t(1) << 62;
  if (*from < -kLimit || *to > kLimit || *to - *from > kMaxRepeats) {
    diagnostics.error(range, "a repeat runs at most " +
                                 llvm::Twine(kMaxRepeats) + " times");
    return;
  }
  llvm::scope_exit forget([&] { bindings.erase(stmt.variable.text); });
  bool wasRepeated = std::exchange(isRepeated, true);
  llvm::scope_exit restore([&] { isRepeated = wasRepeated; });
  for (int64_t i = *from; i < *to && spend(range); ++i) {
    bindings[stmt.variable.text] = {Binding::Kind::Counter,
                                    Operand(Constant(i)), stmt.variable.range};
    unsigned before = diagnostics.getNumErrors();
    diagnostics.addCircumstance(
        ("here " + stmt.variable.text + " = " + llvm::Twine(i)).str());
    runBody(stmt.body);
    diagnostics.dropCircumstance();
    // The next turns would repeat its errors.
    if (isExhausted || diagnostics.getNumErrors() != before)
      return;
  }
}

void Elaborator::runLoss(const LossStmt &stmt) {
  if (!block) {
    diagnostics.error(stmt.range, "a loss belongs into a block");
    diagnostics.help("the loss of the whole model stands in its prediction: "
                     "predict readout: ... loss cross_entropy");
    return;
  }
  if (blockLoss) {
    diagnostics.error(stmt.range,
                      "the block '" + blockName + "' already has a loss");
    diagnostics.note(*blockLoss, "the first one is here");
    return;
  }
  blockLoss = stmt.range;
  Node node = makeRegionNode(Node::Kind::Loss, stmt.value->range, blockName);
  Head newHead{false, std::nullopt, {}, {}};
  head = &newHead;
  openRegion(*node.body);
  Operand value = evaluate(*stmt.value);
  closeRegion();
  head = nullptr;
  if (!value)
    return;
  if (!value.isArray() || !newHead.source) {
    diagnostics.error(stmt.value->range,
                      "a loss must come from an array of the block");
    return;
  }
  const Axes &axes = graph.arrays[value.array];
  if (!axes.empty()) {
    diagnostics.error(
        stmt.value->range,
        "a loss is one number for each sample; this one has the axes " +
            formatAxes(axes));
    diagnostics.help("take its mean over them, or end it with cross_entropy or "
                     "squared_error");
    return;
  }
  if (node.body->nodes.empty()) {
    diagnostics.error(stmt.value->range,
                      "a loss must be computed in its own expression");
    return;
  }
  if (stmt.per) {
    std::optional<AxisNames> per = readAxesOf(*stmt.per, *newHead.source);
    if (!per) {
      diagnostics.note(newHead.sourceRange,
                       "the loss is replicated over axes of '" +
                           newHead.sourceName + "'");
      return;
    }
    for (const Identifier &axis : *per)
      node.names.push_back(axis.text.str());
  }
  node.operands.push_back(*newHead.source);
  noteUse(*newHead.source);
  node.body->yields.push_back(value.array);
  openRegions.back().region->nodes.push_back(std::move(node));
}

void Elaborator::runPredict(const PredictStmt &stmt) {
  if (block) {
    diagnostics.error(stmt.range,
                      "a prediction belongs to the model, not into a block");
    return;
  }
  predictName = stmt.name.text.str();
  predictRange = stmt.name.range;
  if (!claimName(blockNames, predictName, stmt.name.range, "parts"))
    return;
  if (graph.labelName.empty()) {
    diagnostics.error(stmt.range, "the model has no label to predict");
    diagnostics.help("declare it before: label class : 10");
    graph.labelName = " "; // said once
    return;
  }
  Node node = makeRegionNode(Node::Kind::Predict, stmt.name.range, predictName);
  Head newHead{true, std::nullopt, {}, {}};
  LabelScope scope{predictName, std::nullopt, nullptr};
  head = &newHead;
  label = &scope;
  openRegion(*node.body);
  Operand value = evaluate(*stmt.value);
  if (value.isArray() && newHead.source && addPredictLoss(stmt, value.array)) {
    node.operands.push_back(*newHead.source);
    // A prediction that computes nothing still gives what it takes.
    noteUse(value.array);
    node.body->yields = {value.array, node.body->nodes.back().result};
  } else if (value && (!value.isArray() || !newHead.source)) {
    diagnostics.error(stmt.value->range,
                      "a prediction must come from an array of the model");
  }
  closeRegion();
  label = nullptr;
  head = nullptr;
  if (!node.body->yields.empty()) {
    noteUse(*newHead.source);
    graph.body.nodes.push_back(std::move(node));
  }
}

bool Elaborator::addPredictLoss(const PredictStmt &stmt, ArrayId logits) {
  const Axes &axes = graph.arrays[logits];
  if (graph.numClasses == 0)
    return false; // the label is wrong, which was said
  if (axes.size() != 1 || axes[0].size != graph.numClasses) {
    diagnostics.error(stmt.value->range,
                      "a prediction gives one number for each of the " +
                          llvm::Twine(graph.numClasses) +
                          " classes; this one has the axes " +
                          formatAxes(axes));
    if (axes.empty())
      diagnostics.help("give the logits; their loss is added: predict " +
                       stmt.name.text + ": logits loss cross_entropy");
    else if (axes.size() > 1)
      diagnostics.help("is a mean missing, or a linear to [" + graph.labelName +
                       "]?");
    return false;
  }
  Node node;
  node.range = stmt.value->range;
  node.kind = Node::Kind::CrossEntropy;
  if (stmt.loss.text == "squared_error") {
    node.kind = Node::Kind::SquaredError;
  } else if (!stmt.loss.text.empty() && stmt.loss.text != "cross_entropy") {
    diagnostics.error(stmt.loss.range,
                      "a prediction has no loss '" + stmt.loss.text + "'");
    diagnostics.help("it is cross_entropy or squared_error");
    return false;
  }
  node.operands.push_back(logits);
  node.names.push_back(axes[0].name);
  return bool(addNode(std::move(node), {}));
}

void Elaborator::finish(const Model &model) {
  if (diagnostics.hasErrors())
    return;
  if (graph.inputName.empty()) {
    diagnostics.error(model.name.range,
                      "the model '" + model.name.text + "' has no input");
    diagnostics.help(
        "declare it: input image : u8[height = 28, width = 28, color = 1]");
  } else if (graph.labelName.empty()) {
    diagnostics.error(model.name.range,
                      "the model '" + model.name.text + "' has no label");
    diagnostics.help("declare it: label class : 10");
  } else if (predictName.empty()) {
    diagnostics.error(model.name.range,
                      "the model '" + model.name.text + "' predicts nothing");
    diagnostics.help("end it with: predict readout: linear(x, unit -> " +
                     graph.labelName + ")");
  }
}

} // namespace foregrad::lang
