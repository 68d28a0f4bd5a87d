//===- Emit.cpp - From a checked model to the fg dialect ------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//

#include "frontends/fg/Emit.h"
#include "dialects/fg/Fg.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/STLExtras.h"

namespace foregrad::lang {

namespace {

class Emitter {
public:
  Emitter(mlir::MLIRContext &context, const Graph &graph,
          const EmitOptions &options, const llvm::SourceMgr &sources)
      : graph(graph), options(options), sources(sources), builder(&context) {
    if (options.isDouble)
      elementType = builder.getF64Type();
    else
      elementType = builder.getF32Type();
  }

  mlir::OwningOpRef<mlir::ModuleOp> run();

private:
  // Types, attributes, places.
  mlir::Location locate(llvm::SMRange range);
  fg::AxisAttr makeAxis(llvm::StringRef name, int64_t size) {
    return fg::AxisAttr::get(builder.getContext(), builder.getStringAttr(name),
                             size);
  }
  fg::ArrayType makeType(llvm::ArrayRef<fg::AxisAttr> axes) {
    return fg::ArrayType::get(builder.getContext(), axes, elementType);
  }
  /// Without the batch.
  fg::ArrayType makeParameterType(llvm::ArrayRef<Axis> axes);
  /// With the batch in front.
  fg::ArrayType makeArrayType(llvm::ArrayRef<Axis> axes);
  mlir::StringAttr text(llvm::StringRef value) {
    return builder.getStringAttr(value);
  }
  mlir::ArrayAttr texts(llvm::ArrayRef<std::string> words) {
    llvm::SmallVector<llvm::StringRef> refs(words.begin(), words.end());
    return builder.getStrArrayAttr(refs);
  }

  // Regions and nodes.
  void emitRegion(const Region &region, mlir::Region &body);
  void emitBlock(const Node &node);
  void emitLoss(const Node &node);
  void emitPredict(const Node &node);
  void emitNode(const Node &node);
  mlir::Value emitValue(const Node &node, fg::ArrayType type);
  mlir::Value emitConstant(llvm::ArrayRef<double> values, fg::ArrayType type);
  mlir::Value emitParameter(const Parameter &parameter);
  mlir::Value emitLinear(const Node &node, fg::ArrayType type);
  bool isStandardizedOnly(ArrayId array) const;
  mlir::Value emitStandardize(const Node &node, fg::ArrayType type);
  mlir::Value emitPatchify(const Node &node);
  mlir::Value emitMerge(const Node &node, fg::ArrayType type);
  mlir::Value emitSplit(mlir::Value input, llvm::StringRef axis,
                        llvm::ArrayRef<fg::AxisAttr> parts);
  mlir::Value emitMerge(mlir::Value input, llvm::ArrayRef<llvm::StringRef> axes,
                        llvm::StringRef into);
  mlir::Value emitReorder(mlir::Value input, llvm::ArrayRef<fg::AxisAttr> axes);

  const Graph &graph;
  const EmitOptions &options;
  const llvm::SourceMgr &sources;
  mlir::OpBuilder builder;
  mlir::Type elementType;
  mlir::Location loc = builder.getUnknownLoc(); // of the node being emitted
  llvm::DenseMap<ArrayId, mlir::Value> values;
  mlir::Value labelValue;
};

mlir::Location Emitter::locate(llvm::SMRange range) {
  unsigned buffer = sources.FindBufferContainingLoc(range.Start);
  if (!buffer)
    return builder.getUnknownLoc();
  auto [line, column] = sources.getLineAndColumn(range.Start, buffer);
  return mlir::FileLineColLoc::get(
      builder.getContext(),
      sources.getMemoryBuffer(buffer)->getBufferIdentifier(), line, column);
}

fg::ArrayType Emitter::makeParameterType(llvm::ArrayRef<Axis> axes) {
  llvm::SmallVector<fg::AxisAttr> attributes;
  for (const Axis &axis : axes)
    attributes.push_back(makeAxis(axis.name, axis.size));
  return makeType(attributes);
}

fg::ArrayType Emitter::makeArrayType(llvm::ArrayRef<Axis> axes) {
  llvm::SmallVector<fg::AxisAttr> attributes = {
      makeAxis(fg::kBatchAxis, options.batch)};
  for (const Axis &axis : axes)
    attributes.push_back(makeAxis(axis.name, axis.size));
  return makeType(attributes);
}

// Regions
// -------------------------------------------------------------------------//

mlir::OwningOpRef<mlir::ModuleOp> Emitter::run() {
  loc = locate(graph.range);
  mlir::OwningOpRef<mlir::ModuleOp> module = mlir::ModuleOp::create(loc);
  builder.setInsertionPointToStart(module->getBody());
  mlir::ArrayAttr classes;
  if (!graph.classNames.empty())
    classes = texts(graph.classNames);
  auto model = fg::ModelOp::create(builder, loc, text(graph.name), classes);
  builder.setInsertionPointToStart(&model.getBody().emplaceBlock());

  fg::ArrayType inputType = makeArrayType(graph.arrays[graph.input]);
  if (isStandardizedOnly(graph.input))
    inputType = inputType.cloneWith(builder.getF64Type());
  values[graph.input] = fg::InputOp::create(
      builder, locate(graph.inputRange), inputType, text(graph.inputName),
      graph.inputIsBytes ? builder.getUnitAttr() : mlir::UnitAttr());
  labelValue = fg::LabelOp::create(
      builder, locate(graph.labelRange),
      makeArrayType({}).cloneWith(builder.getI32Type()), text(graph.labelName));
  for (const Node &node : graph.body.nodes)
    emitNode(node);
  return module;
}

// Such an input is read in f64 and rounded once, behind standardization, which
// would otherwise divide the rounding of the raw data by the deviation.
bool Emitter::isStandardizedOnly(ArrayId array) const {
  return llvm::all_of(graph.body.nodes, [&](const Node &node) {
    if (node.body && llvm::is_contained(node.body->captures, array))
      return false;
    return node.kind == Node::Kind::Standardize ||
           !llvm::is_contained(node.operands, array);
  });
}

// The region's arrays from outside become arguments of its block, in order. The
// caller has made the op; `values` afterwards again holds what it held outside.
void Emitter::emitRegion(const Region &region, mlir::Region &body) {
  mlir::OpBuilder::InsertionGuard guard(builder);
  mlir::Location outerLoc = loc;
  mlir::Block &block = body.emplaceBlock();
  llvm::SmallVector<std::pair<ArrayId, mlir::Value>> outside;
  for (ArrayId array : region.captures) {
    outside.push_back({array, values[array]});
    values[array] = block.addArgument(values[array].getType(), loc);
  }
  builder.setInsertionPointToStart(&block);
  for (const Node &node : region.nodes)
    emitNode(node);
  llvm::SmallVector<mlir::Value> yields;
  for (ArrayId array : region.yields)
    yields.push_back(values[array]);
  loc = outerLoc;
  fg::YieldOp::create(builder, loc, yields);
  for (auto [array, value] : outside)
    values[array] = value;
}

void Emitter::emitBlock(const Node &node) {
  llvm::SmallVector<mlir::Value> inputs;
  for (ArrayId array : node.body->captures)
    inputs.push_back(values[array]);
  llvm::SmallVector<mlir::Type> types;
  for (ArrayId array : node.body->yields)
    types.push_back(makeArrayType(graph.arrays[array]));
  auto block =
      fg::BlockOp::create(builder, loc, types, text(node.name), inputs);
  emitRegion(*node.body, block.getBody());
  for (auto [array, result] : llvm::zip(node.body->yields, block.getResults()))
    values[array] = result;
}

void Emitter::emitLoss(const Node &node) {
  auto loss =
      fg::LocalLossOp::create(builder, loc, text(node.name), texts(node.names),
                              values[node.operands[0]]);
  emitRegion(*node.body, loss.getBody());
}

void Emitter::emitPredict(const Node &node) {
  auto predict = fg::PredictOp::create(builder, loc, text(node.name),
                                       values[node.operands[0]]);
  emitRegion(*node.body, predict.getBody());
}

void Emitter::emitNode(const Node &node) {
  loc = locate(node.range);
  switch (node.kind) {
  case Node::Kind::Block:
    return emitBlock(node);
  case Node::Kind::Loss:
    return emitLoss(node);
  case Node::Kind::Predict:
    return emitPredict(node);
  default:
    values[node.result] =
        emitValue(node, makeArrayType(graph.arrays[node.result]));
  }
}

// Values
// --------------------------------------------------------------------------//

mlir::Value Emitter::emitValue(const Node &node, fg::ArrayType type) {
  auto operand = [&](unsigned i) { return values[node.operands[i]]; };
  mlir::FloatAttr factor = builder.getF64FloatAttr(node.factor);
  switch (node.kind) {
  case Node::Kind::Standardize:
    return emitStandardize(node, type);
  case Node::Kind::Patchify:
    return emitPatchify(node);
  case Node::Kind::Windows:
    return fg::WindowsOp::create(builder, loc, type, operand(0),
                                 texts(node.names), texts(node.windowNames),
                                 builder.getDenseI64ArrayAttr(node.strides),
                                 builder.getDenseI64ArrayAttr(node.before));
  case Node::Kind::Linear:
    return emitLinear(node, type);
  case Node::Kind::Norm: {
    llvm::SmallVector<llvm::StringRef> over(node.names.begin(),
                                            node.names.end());
    return fg::NormOp::create(builder, loc, type, type.dropAxes(over),
                              operand(0), texts(node.names), factor)
        .getResult();
  }
  case Node::Kind::Relu:
    return fg::ReluOp::create(builder, loc, type, operand(0), text(node.name));
  case Node::Kind::Softmax:
    return fg::SoftmaxOp::create(builder, loc, type, operand(0),
                                 text(node.names[0]));
  case Node::Kind::Sum:
    return fg::SumOp::create(builder, loc, type, operand(0), texts(node.names));
  case Node::Kind::Scale:
    return fg::ScaleOp::create(builder, loc, type, operand(0), factor);
  case Node::Kind::Offset:
    return fg::AddOp::create(builder, loc, type, operand(0),
                             emitConstant(node.factor, makeType({})));
  case Node::Kind::Split:
    return fg::SplitOp::create(builder, loc, type, operand(0), text(node.name),
                               texts(node.names));
  case Node::Kind::Merge:
    return emitMerge(node, type);
  case Node::Kind::Add:
    return fg::AddOp::create(builder, loc, type, operand(0), operand(1));
  case Node::Kind::Subtract:
    return fg::SubOp::create(builder, loc, type, operand(0), operand(1));
  case Node::Kind::Multiply:
    return fg::MulOp::create(builder, loc, type, operand(0), operand(1));
  case Node::Kind::CrossEntropy:
    return fg::CrossEntropyOp::create(builder, loc, type, operand(0),
                                      labelValue, text(node.names[0]));
  case Node::Kind::SquaredError:
    return fg::SquaredErrorOp::create(builder, loc, type, operand(0),
                                      labelValue, text(node.names[0]));
  case Node::Kind::Block:
  case Node::Kind::Loss:
  case Node::Kind::Predict:
    break; // emitted by emitNode
  }
  return {};
}

mlir::Value Emitter::emitConstant(llvm::ArrayRef<double> numbers,
                                  fg::ArrayType type) {
  return fg::ConstantOp::create(builder, loc, type,
                                builder.getDenseF64ArrayAttr(numbers));
}

mlir::Value Emitter::emitParameter(const Parameter &parameter) {
  bool isZero = parameter.scale == 0;
  return fg::ParameterOp::create(
      builder, loc, makeParameterType(parameter.axes), text(parameter.path),
      fg::InitAttr::get(builder.getContext(),
                        isZero ? fg::Init::Zero : fg::Init::Normal),
      builder.getF64FloatAttr(parameter.scale),
      builder.getBoolAttr(parameter.decay),
      parameter.rateGroup.empty() ? mlir::StringAttr()
                                  : text(parameter.rateGroup));
}

mlir::Value Emitter::emitLinear(const Node &node, fg::ArrayType type) {
  const LinearLayer &layer = *node.layer;
  mlir::Value input = values[node.operands[0]];
  fg::ArrayType inputType = fg::arrayType(input);

  // A letter for each axis of the input; the new axis has one of its own.
  auto letterAt = [](int64_t position) {
    return static_cast<char>('a' + position);
  };
  auto letterOf = [&](llvm::StringRef name) {
    return letterAt(inputType.findAxis(name));
  };
  std::string inputLabels, weightLabels, resultLabels;
  char newLetter = letterAt(inputType.getRank());
  for (auto [position, axis] : llvm::enumerate(inputType.getAxes())) {
    llvm::StringRef name = axis.getName();
    inputLabels += letterAt(position);
    if (!layer.from.empty() && name == layer.from.front())
      resultLabels += newLetter;
    else if (!llvm::is_contained(layer.from, name) &&
             !llvm::is_contained(layer.window, name))
      resultLabels += letterAt(position);
  }
  for (const std::string &name :
       llvm::concat<const std::string>(layer.window, layer.per, layer.from))
    weightLabels += letterOf(name);
  if (!layer.from.empty())
    weightLabels += newLetter;

  mlir::Value weight = emitParameter(layer.weight);
  if (layer.from.size() > 1) {
    // The product runs over the input's own axes.
    llvm::SmallVector<fg::AxisAttr> parts;
    for (const std::string &name : layer.from)
      parts.push_back(
          makeAxis(name == layer.to ? name + "'" : name,
                   inputType.getAxes()[inputType.findAxis(name)].getSize()));
    weight = emitSplit(
        weight, layer.weight.axes[layer.window.size() + layer.per.size()].name,
        parts);
  }
  mlir::Value product =
      fg::ContractOp::create(builder, loc, type, input, text(inputLabels),
                             weight, text(weightLabels), text(resultLabels));
  if (!layer.bias)
    return product;
  return fg::AddOp::create(builder, loc, type, product,
                           emitParameter(*layer.bias));
}

mlir::Value Emitter::emitStandardize(const Node &node, fg::ArrayType type) {
  mlir::Value input = values[node.operands[0]];
  fg::ArrayType inputType = fg::arrayType(input);
  auto makeConstant = [&](llvm::ArrayRef<double> numbers) {
    fg::ArrayType constant = numbers.size() == 1
                                 ? makeType({})
                                 : makeType(makeAxis("color", numbers.size()));
    return emitConstant(numbers,
                        constant.cloneWith(inputType.getElementType()));
  };
  std::vector<double> factors;
  for (double divisor : node.divisors)
    factors.push_back(1 / divisor);
  mlir::Value centered = fg::SubOp::create(builder, loc, inputType, input,
                                           makeConstant(node.numbers));
  mlir::Value scaled = fg::MulOp::create(builder, loc, inputType, centered,
                                         makeConstant(factors));
  return inputType == type ? scaled
                           : fg::CastOp::create(builder, loc, type, scaled);
}

// Shapes
// --------------------------------------------------------------------------//

mlir::Value Emitter::emitSplit(mlir::Value input, llvm::StringRef axis,
                               llvm::ArrayRef<fg::AxisAttr> parts) {
  llvm::SmallVector<fg::AxisAttr> axes;
  llvm::SmallVector<llvm::StringRef> names;
  for (fg::AxisAttr old : fg::arrayType(input).getAxes()) {
    if (old.getName() == axis)
      axes.append(parts.begin(), parts.end());
    else
      axes.push_back(old);
  }
  for (fg::AxisAttr part : parts)
    names.push_back(part.getName());
  return fg::SplitOp::create(builder, loc, makeType(axes), input, text(axis),
                             builder.getStrArrayAttr(names));
}

mlir::Value Emitter::emitMerge(mlir::Value input,
                               llvm::ArrayRef<llvm::StringRef> merged,
                               llvm::StringRef into) {
  llvm::SmallVector<fg::AxisAttr> axes;
  int64_t size = 1;
  for (fg::AxisAttr axis : fg::arrayType(input).getAxes()) {
    if (!llvm::is_contained(merged, axis.getName())) {
      axes.push_back(axis);
      continue;
    }
    size *= axis.getSize();
    if (axis.getName() == merged.back())
      axes.push_back(makeAxis(into, size));
  }
  return fg::MergeOp::create(builder, loc, makeType(axes), input,
                             builder.getStrArrayAttr(merged), text(into));
}

mlir::Value Emitter::emitReorder(mlir::Value input,
                                 llvm::ArrayRef<fg::AxisAttr> axes) {
  fg::ArrayType type = makeType(axes);
  if (type == input.getType())
    return input;
  return fg::ReorderOp::create(builder, loc, type, input);
}

// Axes that are merged are brought together first, at the place of the first
// one.
mlir::Value Emitter::emitMerge(const Node &node, fg::ArrayType type) {
  mlir::Value input = values[node.operands[0]];
  fg::ArrayType inputType = fg::arrayType(input);
  llvm::SmallVector<fg::AxisAttr> axes;
  for (fg::AxisAttr axis : inputType.getAxes()) {
    if (axis.getName() == node.names.front())
      for (const std::string &name : node.names)
        axes.push_back(inputType.getAxes()[inputType.findAxis(name)]);
    else if (!llvm::is_contained(node.names, axis.getName().getValue()))
      axes.push_back(axis);
  }
  return fg::MergeOp::create(builder, loc, type, emitReorder(input, axes),
                             texts(node.names), text(node.name));
}

// Tokens are the patches row by row; pixels of a patch run row by row, then
// along what else the image has (its colors).
mlir::Value Emitter::emitPatchify(const Node &node) {
  auto count = static_cast<int64_t>(node.factor);
  mlir::Value image = values[node.operands[0]];
  auto split = [&](llvm::StringRef axis, llvm::StringRef token,
                   llvm::StringRef pixel) {
    fg::ArrayType type = fg::arrayType(image);
    int64_t size = type.getAxes()[type.findAxis(axis)].getSize();
    image = emitSplit(image, axis,
                      {makeAxis(token, count), makeAxis(pixel, size / count)});
  };
  split("height", "token.row", "pixel.row");
  split("width", "token.column", "pixel.column");

  fg::ArrayType type = fg::arrayType(image);
  llvm::SmallVector<fg::AxisAttr> order = {type.getAxes().front()};
  llvm::SmallVector<llvm::StringRef> tokens = {"token.row", "token.column"};
  llvm::SmallVector<llvm::StringRef> pixels = {"pixel.row", "pixel.column"};
  for (fg::AxisAttr axis : type.getAxes().drop_front())
    if (!llvm::is_contained(tokens, axis.getName()) &&
        !llvm::is_contained(pixels, axis.getName()))
      pixels.push_back(axis.getName());
  for (llvm::StringRef name : llvm::concat<llvm::StringRef>(tokens, pixels))
    order.push_back(type.getAxes()[type.findAxis(name)]);
  image = emitReorder(image, order);
  return emitMerge(emitMerge(image, tokens, "token"), pixels, "pixel");
}

} // namespace

mlir::OwningOpRef<mlir::ModuleOp> emit(mlir::MLIRContext &context,
                                       const Graph &graph,
                                       const EmitOptions &options,
                                       const llvm::SourceMgr &sources) {
  context.getOrLoadDialect<fg::FgDialect>();
  return Emitter(context, graph, options, sources).run();
}

} // namespace foregrad::lang
