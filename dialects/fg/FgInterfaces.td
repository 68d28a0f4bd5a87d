//===- FgInterfaces.td - What rules and tests ask of ops -*- tablegen -*-===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
//
// No method here has a default: an op that lacks one does not build.
//
//===----------------------------------------------------------------------===//

#ifndef FOREGRAD_DIALECTS_FG_INTERFACES_TD
#define FOREGRAD_DIALECTS_FG_INTERFACES_TD

include "mlir/IR/OpBase.td"

def Fg_ComputeOpInterface : OpInterface<"ComputeOpInterface"> {
  let cppNamespace = "::foregrad::fg";
  let description = [{
    An op that computes arrays from arrays (and attributes), without side effects.
  }];
  let methods = [
    InterfaceMethod<[{
      The reference: computes the results in f64 from the operands in f64, as simply
      as can be. Operands and results have the axes and sizes of their types.
      Integers (labels, seeds) are held exactly where they are below 2^53; seed and
      step of `fg.perturb` are carried in Tensor::integer.
      }], "llvm::SmallVector<::foregrad::fg::Tensor>", "evaluate",
      (ins "llvm::ArrayRef<::foregrad::fg::Tensor>":$operands)>,
    InterfaceMethod<[{
      Writes the op as linalg on tensors (ArrayType::getTensorType of each type) and
      returns one tensor for each result.
      }], "llvm::SmallVector<mlir::Value>", "lower",
      (ins "mlir::OpBuilder &":$builder, "mlir::ValueRange":$operands)>,
  ];
}

def Fg_DifferentiableOpInterface : OpInterface<"DifferentiableOpInterface"> {
  let cppNamespace = "::foregrad::fg";
  let description = [{
    An op that a model may hold. Only the first result carries derivatives; further
    ones are by-products (e.g. the inverse deviation of a norm).

    A tangent or cotangent may have axes that its primal lacks (directions, copies of
    a replicated loss): the derivative then is taken for each index of them, and the
    result has them too, in front. A null Value stands for zero.
  }];
  let methods = [
    InterfaceMethod<[{
      JVP: the tangent of the first result, from a tangent (or null) for each operand.
      Null if every operand tangent that matters is null.
      }], "mlir::Value", "tangent",
      (ins "mlir::OpBuilder &":$builder, "llvm::ArrayRef<mlir::Value>":$operandTangents)>,
    InterfaceMethod<[{
      VJP: given the cotangent of the first result, returns a cotangent for each operand
      for which `wanted` is set (null for the others and for those that have none,
      such as labels).
      }], "llvm::SmallVector<mlir::Value>", "cotangents",
      (ins "mlir::OpBuilder &":$builder, "mlir::Value":$resultCotangent,
           "llvm::ArrayRef<bool>":$wanted)>,
    InterfaceMethod<[{
      Dependence of axes. `part` names a factor of an axis of the first result. If every
      element of the first result depends on those elements of the operand only
      whose index along some factor of one operand axis equals the element's own index
      along `part`, returns that factor; otherwise (mixed along this axis, or the
      operand lacks it) nothing. Returning nothing is always correct.
      }], "std::optional<::foregrad::fg::AxisPart>", "traceAxis",
      (ins "unsigned":$operand, "::foregrad::fg::AxisPart":$part)>,
  ];
}

def Fg_SiteOpInterface : OpInterface<"SiteOpInterface"> {
  let cppNamespace = "::foregrad::fg";
  let description = [{
    A nonlinearity: its operand is a *site*, the place where activations are perturbed
    (paper, section 3.2: after the norm, before the nonlinearity).
  }];
  let methods = [
    InterfaceMethod<[{
      Name of the site: the path of the layer that feeds it, e.g. `block0.channel`.
      }], "llvm::StringRef", "getSiteName", (ins)>,
    InterfaceMethod<[{
      Where the derivative is not zero, as an array of 0 and 1 (for a ReLU, h > 0),
      or null if it is nowhere known to be zero.
      }], "mlir::Value", "support", (ins "mlir::OpBuilder &":$builder)>,
  ];
}

def Fg_NormalizationOpInterface : OpInterface<"NormalizationOpInterface"> {
  let cppNamespace = "::foregrad::fg";
  let description = [{
    An op that shifts and scales its first operand by statistics of it (mean, deviation).
    With the statistics held constant, every element of the result depends on the
    operand's element at the same place only.
  }];
  let methods = [
    InterfaceMethod<[{
      From now on `tangent` and `cotangents` take the statistics for constants.
      }], "void", "freezeStatistics", (ins)>,
  ];
}

def Fg_WidenOpInterface : OpInterface<"WidenOpInterface"> {
  let cppNamespace = "::foregrad::fg";
  let description = [{
    An op that does not match all axes by name, so that it cannot be cloned as it is for
    operands with further axes.
  }];
  let methods = [
    InterfaceMethod<[{
      The op for operands that have further axes in front: its result has them too,
      in front.
      }], "mlir::Value", "widen",
      (ins "mlir::OpBuilder &":$builder, "llvm::ArrayRef<mlir::Value>":$operands)>,
  ];
}

#endif // FOREGRAD_DIALECTS_FG_INTERFACES_TD
