//===- OpCases.cpp - Small programs, one for each op ----------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
//
// The programs, and random content for what they read.
//
//===----------------------------------------------------------------------===//

#include "tests/dialects/OpCases.h"
#include "mlir/Parser/Parser.h"
#include <gtest/gtest.h>

using namespace mlir;

namespace foregrad::fg::test {

/// A program with the given operand types around one line of IR.
static OpCase makeCase(std::string name, std::vector<std::string> operands,
                       std::string op, std::string result) {
  std::string program = "fg.entry \"case\" {\n";
  const char *names[] = {"a", "b", "c"};
  for (size_t i = 0; i < operands.size(); ++i) {
    bool label = operands[i].find("i32") != std::string::npos;
    bool seed = operands[i].find("i64") != std::string::npos;
    const char *role = label ? "label" : !seed ? "input" : i ? "step" : "seed";
    program += std::string("  %") + names[i] + " = fg.read \"" + names[i] +
               "\" role " + role + " : " + operands[i] + "\n";
  }
  program +=
      "  " + op + "\n  fg.write %r to \"r\" role output : " + result + "\n}\n";
  return {std::move(name), std::move(program)};
}

static std::string array(const std::string &axes,
                         const std::string &element = "f64") {
  return "!fg.array<[" + axes + "], " + element + ">";
}

static OpCase binary(std::string name, std::string op, std::string lhs,
                     std::string rhs, std::string result) {
  std::string line = "%r = fg." + op + " %a, %b {test} : (" + array(lhs) +
                     ", " + array(rhs) + ") -> " + array(result);
  return makeCase(std::move(name), {array(lhs), array(rhs)}, line,
                  array(result));
}

static OpCase contract(std::string name, std::string lhs, std::string lhsLabels,
                       std::string rhs, std::string rhsLabels,
                       std::string result, std::string labels) {
  std::string line = "%r = fg.contract %a \"" + lhsLabels + "\", %b \"" +
                     rhsLabels + "\" -> \"" + labels + "\" {test} : (" +
                     array(lhs) + ", " + array(rhs) + ") -> " + array(result);
  return makeCase(std::move(name), {array(lhs), array(rhs)}, line,
                  array(result));
}

/// `op` with one operand %a, "{test}" and the types in it.
static OpCase unary(std::string name, std::string input, std::string op,
                    std::string result) {
  return makeCase(std::move(name), {array(input)}, "%r = fg." + op,
                  array(result));
}

static OpCase loss(std::string name, std::string op, std::string prediction,
                   std::string rest) {
  std::string line = "%r = fg." + op + " %a, %b over \"class\" {test} : (" +
                     array(prediction) + ", " + array(rest, "i32") + ") -> " +
                     array(rest);
  return makeCase(std::move(name), {array(prediction), array(rest, "i32")},
                  line, array(rest));
}

namespace {
/// An array and its windows.
struct WindowCase {
  std::string name, array, windows, attributes;
};
} // namespace

static std::vector<WindowCase> makeWindowCases() {
  return {
      {"same", "batch = 2, x = 4, c = 3", "batch = 2, x = 4, k = 3, c = 3",
       "over [\"x\"] into [\"k\"] strides [1] before [1]"},
      {"stride", "batch = 2, x = 7", "batch = 2, x = 4, k = 3",
       "over [\"x\"] into [\"k\"] strides [2] before [1]"},
      // Some elements of the array are in no window.
      {"gaps", "x = 8, batch = 2", "k = 2, x = 2, batch = 2",
       "over [\"x\"] into [\"k\"] strides [4] before [0]"},
      {"valid", "batch = 2, x = 5, c = 2", "batch = 2, x = 2, c = 2, k = 4",
       "over [\"x\"] into [\"k\"] strides [1] before [0]"},
      {"plain", "batch = 2, x = 4", "batch = 2, x = 4, k = 1",
       "over [\"x\"] into [\"k\"] strides [1] before [0]"},
      {"two_axes", "batch = 2, y = 5, x = 3, c = 2",
       "batch = 2, y = 3, x = 3, m = 3, k = 3, c = 2",
       "over [\"y\", \"x\"] into [\"m\", \"k\"] strides [2, 1] before [1, 1]"},
      {"in_front", "batch = 2, y = 3, x = 20",
       "batch = 2, m = 3, k = 5, y = 3, x = 20",
       "over [\"y\", \"x\"] into [\"m\", \"k\"] strides [1, 1] before [1, 2]"},
      {"wide", "batch = 2, x = 3, c = 19", "batch = 2, x = 3, k = 5, c = 19",
       "over [\"x\"] into [\"k\"] strides [1] before [2]"},
  };
}

static std::vector<OpCase> makeDifferentiable() {
  const std::string nc = "batch = 3, c = 4", c = "c = 4";
  const std::string ntc = "batch = 2, t = 3, c = 4";
  std::vector<OpCase> cases;
  for (std::string op : {"add", "sub", "mul"}) {
    cases.push_back(binary(op, op, nc, nc, nc));
    cases.push_back(binary(op + "_right_lacks", op, ntc, c, ntc));
    cases.push_back(binary(op + "_left_lacks", op, "t = 3", ntc, ntc));
    cases.push_back(
        binary(op + "_outer", op, "batch = 2, t = 3", "batch = 2, c = 4", ntc));
    cases.push_back(binary(op + "_scalar", op, nc, "", nc));
    cases.push_back(binary(op + "_reordered", op, "c = 4, batch = 3", nc, nc));
    cases.push_back(makeCase(op + "_twice", {array(nc)},
                             "%r = fg." + op + " %a, %a {test} : (" +
                                 array(nc) + ", " + array(nc) + ") -> " +
                                 array(nc),
                             array(nc)));
  }
  cases.push_back(
      unary("scale", nc, "scale %a by -0.75 {test} : " + array(nc), nc));
  cases.push_back(
      unary("relu", nc, "relu %a site \"s\" {test} : " + array(nc), nc));
  cases.push_back(unary(
      "cast", nc, "cast %a {test} : " + array(nc) + " -> " + array(nc), nc));
  cases.push_back(contract("contract_rows", ntc, "ntc", "c = 4, d = 5", "cd",
                           "batch = 2, t = 3, d = 5", "ntd"));
  cases.push_back(contract("contract_same_name", ntc, "ntc", "t = 3, u = 3",
                           "tu", ntc, "nuc"));
  cases.push_back(contract("contract_groups", "batch = 2, g = 3, u = 2", "ngu",
                           "g = 3, u = 2, v = 4", "guv",
                           "batch = 2, g = 3, v = 4", "ngv"));
  cases.push_back(
      contract("contract_dot", ntc, "ntc", ntc, "ntc", "batch = 2", "n"));
  cases.push_back(contract("contract_all", nc, "nc", nc, "nc", "", ""));
  cases.push_back(contract("contract_elementwise", nc, "nc", nc, "nc",
                           "c = 4, batch = 3", "cn"));
  cases.push_back(
      contract("contract_outer", "batch = 3", "n", c, "c", nc, "nc"));
  cases.push_back(makeCase(
      "contract_twice", {array("batch = 3, c = 3")},
      "%r = fg.contract %a \"ij\", %a \"jk\" -> \"ik\" {test} : (" +
          array("batch = 3, c = 3") + ", " + array("batch = 3, c = 3") +
          ") -> " + array("batch = 3, c = 3"),
      array("batch = 3, c = 3")));
  cases.push_back(unary("sum", ntc,
                        "sum %a over [\"t\"] {test} : " + array(ntc) + " -> " +
                            array("batch = 2, c = 4"),
                        "batch = 2, c = 4"));
  cases.push_back(unary("sum_all", nc,
                        "sum %a over [\"c\", \"batch\"] {test} : " + array(nc) +
                            " -> " + array(""),
                        ""));
  cases.push_back(
      unary("softmax", nc, "softmax %a over \"c\" {test} : " + array(nc), nc));
  cases.push_back(unary("softmax_first", nc,
                        "softmax %a over \"batch\" {test} : " + array(nc), nc));
  cases.push_back(makeCase("norm", {array(ntc)},
                           "%r, %d = fg.norm %a over [\"c\"] epsilon 1.0e-05 "
                           "{test} : " +
                               array(ntc) + ", " + array("batch = 2, t = 3"),
                           array(ntc)));
  cases.push_back(makeCase("norm_two_axes", {array(ntc)},
                           "%r, %d = fg.norm %a over [\"t\", \"c\"] epsilon "
                           "1.0e-01 {test} : " +
                               array(ntc) + ", " + array("batch = 2"),
                           array(ntc)));
  const std::string whole = "batch = 2, channel = 12, t = 3";
  const std::string pieces = "batch = 2, g = 2, h = 3, u = 2, t = 3";
  cases.push_back(unary("split", whole,
                        "split %a axis \"channel\" into [\"g\", \"h\", \"u\"] "
                        "{test} : " +
                            array(whole) + " -> " + array(pieces),
                        pieces));
  cases.push_back(unary("merge", pieces,
                        "merge %a axes [\"g\", \"h\", \"u\"] into \"channel\" "
                        "{test} : " +
                            array(pieces) + " -> " + array(whole),
                        whole));
  cases.push_back(unary("reorder", ntc,
                        "reorder %a {test} : " + array(ntc) + " -> " +
                            array("c = 4, batch = 2, t = 3"),
                        "c = 4, batch = 2, t = 3"));
  cases.push_back(unary("broadcast", "c = 4, batch = 2",
                        "broadcast %a {test} : " + array("c = 4, batch = 2") +
                            " -> " + array(ntc),
                        ntc));
  for (const WindowCase &sliding : makeWindowCases()) {
    cases.push_back(unary("windows_" + sliding.name, sliding.array,
                          "windows %a " + sliding.attributes +
                              " {test} : " + array(sliding.array) + " -> " +
                              array(sliding.windows),
                          sliding.windows));
    cases.push_back(unary("fold_windows_" + sliding.name, sliding.windows,
                          "fold_windows %a " + sliding.attributes +
                              " {test} : " + array(sliding.windows) + " -> " +
                              array(sliding.array),
                          sliding.array));
  }
  for (std::string op : {"cross_entropy", "squared_error"}) {
    cases.push_back(loss(op, op, "batch = 3, class = 4", "batch = 3"));
    cases.push_back(loss(op + "_tokens", op, "batch = 2, class = 3, t = 2",
                         "batch = 2, t = 2"));
  }
  return cases;
}

static std::vector<OpCase> makeOthers() {
  const std::string nc = "batch = 3, c = 4";
  const std::string perturbed = "batch = 3, t = 2, c = 40";
  return {
      makeCase("constant_splat", {}, "%r = fg.constant [2.5] : " + array(nc),
               array(nc)),
      makeCase("constant_all", {},
               "%r = fg.constant [1.0, -2.0, 3.5, 4.0, 5.0, 6.5] : " +
                   array("batch = 2, c = 3"),
               array("batch = 2, c = 3")),
      unary("positive", nc, "positive %a : " + array(nc), nc),
      makeCase("div", {array(nc), array(nc)},
               "%r = fg.div %a, %b : " + array(nc) + ", " + array(nc),
               array(nc)),
      makeCase("div_right_lacks", {array(nc), array("c = 4")},
               "%r = fg.div %a, %b : " + array(nc) + ", " + array("c = 4"),
               array(nc)),
      makeCase("div_scalars", {array(""), array("")},
               "%r = fg.div %a, %b : " + array("") + ", " + array(""),
               array("")),
      makeCase("sqrt", {array(nc)},
               "%s = fg.mul %a, %a : (" + array(nc) + ", " + array(nc) +
                   ") -> " + array(nc) + "\n  %r = fg.sqrt %s : " + array(nc),
               array(nc)),
      makeCase("identity", {},
               "%r = fg.identity : " + array("copy = 4, token = 4"),
               array("copy = 4, token = 4")),
      makeCase("one_hot", {array("batch = 3", "i32")},
               "%r = fg.one_hot %a : " + array("batch = 3", "i32") + " -> " +
                   array("batch = 3, class = 5"),
               array("batch = 3, class = 5")),
      makeCase("norm_jacobian",
               {array(nc), array("batch = 3"), array("dir = 2, " + nc)},
               "%r = fg.norm_jacobian %a, %b, %c over [\"c\"] : " + array(nc) +
                   ", " + array("batch = 3") + ", " + array("dir = 2, " + nc),
               array("dir = 2, " + nc)),
      makeCase("perturb_gaussian", {array("", "i64"), array("", "i64")},
               "%r = fg.perturb %a, %b site 7 law gaussian : " +
                   array("", "i64") + " -> " + array(perturbed),
               array(perturbed)),
      makeCase("orthogonal_rows_odd", {},
               "%r = fg.orthogonal_rows offset 3 of 17 : " +
                   array("k = 6, c = 2, d = 7"),
               array("k = 6, c = 2, d = 7")),
      makeCase("orthogonal_rows_beyond", {},
               "%r = fg.orthogonal_rows offset 0 of 8 : " +
                   array("k = 21, c = 8"),
               array("k = 21, c = 8")),
      makeCase("recompute", {array(perturbed)},
               "%r = fg.recompute %a number 1 : " + array(perturbed),
               array(perturbed)),
      makeCase("perturb_rademacher", {array("", "i64"), array("", "i64")},
               "%r = fg.perturb %a, %b site 3 law rademacher : " +
                   array("", "i64") + " -> " + array("c = 40, t = 2"),
               array("c = 40, t = 2")),
  };
}

const std::vector<OpCase> &differentiableCases() {
  static const std::vector<OpCase> cases = makeDifferentiable();
  return cases;
}

const std::vector<OpCase> &otherCases() {
  static const std::vector<OpCase> cases = makeOthers();
  return cases;
}

OwningOpRef<ModuleOp> parse(MLIRContext &context, llvm::StringRef program) {
  context.loadDialect<FgDialect>();
  OwningOpRef<ModuleOp> module =
      parseSourceString<ModuleOp>(program, ParserConfig(&context));
  EXPECT_TRUE(module) << program.str();
  return module;
}

Tensor randomTensor(ArrayType type, std::mt19937_64 &random) {
  Tensor tensor(type.getShape());
  std::normal_distribution<double> normal;
  for (double &value : tensor.values)
    value = isa<FloatType>(type.getElementType())
                ? normal(random)
                : static_cast<double>(random() % 3);
  if (type.getElementType().isInteger(64))
    tensor.integer = random();
  return tensor;
}

Buffers randomBuffers(EntryOp entry, std::mt19937_64 &random) {
  Buffers buffers;
  for (ReadOp read : entry.getBody().getOps<ReadOp>())
    buffers[read.getName().str()] = randomTensor(read.getType(), random);
  return buffers;
}

} // namespace foregrad::fg::test
