//===- FgDialect.td - The fg dialect, its types and attributes -*- tablegen -*-===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//

#ifndef FOREGRAD_DIALECTS_FG_DIALECT_TD
#define FOREGRAD_DIALECTS_FG_DIALECT_TD

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/EnumAttr.td"
include "mlir/IR/OpBase.td"

def Fg_Dialect : Dialect {
  let name = "fg";
  let cppNamespace = "::foregrad::fg";
  let summary = "Networks and their learning rules over arrays with named axes";
  let description = [{
    A model is a chain of blocks (`fg.model`, `fg.block`), each with a loss of
    its own (`fg.loss`); a learning rule turns it into entry points (`fg.entry`)
    that compute losses, gradients and updates with the same ops.

    Values are arrays with *named* axes (`!fg.array`). Axes are matched by name,
    never by position: `fg.add` of `[batch, token, channel]` and `[channel]` adds
    the second to every batch and token. The samples of a batch lie along the
    axis `batch`; parameters do not have it.

    Every op that computes can evaluate itself in f64 (the reference of all tests)
    and lower itself to linalg (`Fg_ComputeOpInterface`); every op that a model may
    hold gives its tangent, its cotangents and its axis dependences as well
    (`Fg_DifferentiableOpInterface`). Rules use these interfaces only and know no
    op by name.
  }];
  let useDefaultTypePrinterParser = 1;
  let useDefaultAttributePrinterParser = 1;
  let hasConstantMaterializer = 1;
}

class Fg_Type<string name, string typeMnemonic> : TypeDef<Fg_Dialect, name> {
  let mnemonic = typeMnemonic;
}

def Fg_AxisAttr : AttrDef<Fg_Dialect, "Axis"> {
  let mnemonic = "axis";
  let summary = "An axis: a name and a number of elements";
  let parameters = (ins "::mlir::StringAttr":$name, "int64_t":$size);
  let hasCustomAssemblyFormat = 1;
}

def Fg_ArrayType : Fg_Type<"Array", "array"> {
  let summary = "An array with named axes";
  let description = [{
    `!fg.array<[batch = 128, token = 64, channel = 512], f32>`: the axes in storage
    order (the last one is contiguous) and the element type. Names are unique in an
    array, sizes are at least 1. Names that are no identifiers are quoted.
  }];
  let parameters = (ins ArrayRefParameter<"AxisAttr">:$axes, "::mlir::Type":$elementType);
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    /// Position of the axis called `name`, or -1.
    int64_t findAxis(llvm::StringRef name) const;
    bool hasAxis(llvm::StringRef name) const { return findAxis(name) >= 0; }
    int64_t getRank() const { return getAxes().size(); }
    int64_t getNumElements() const;
    llvm::SmallVector<int64_t> getShape() const;
    /// The tensor that holds such an array: same order of axes.
    mlir::RankedTensorType getTensorType() const;
    /// The same axes with another element type, or other axes with the same one.
    ArrayType cloneWith(llvm::ArrayRef<AxisAttr> axes) const;
    ArrayType cloneWith(mlir::Type elementType) const;
    /// Without the axes whose names are given.
    ArrayType dropAxes(llvm::ArrayRef<llvm::StringRef> names) const;
  }];
}

// Law of a perturbation; numbers are those of foregrad::fg::NoiseLaw (Noise.h).
def Fg_Law : I32EnumAttr<"Law", "law of a perturbation", [
  I32EnumAttrCase<"Gaussian", 0, "gaussian">,
  I32EnumAttrCase<"Rademacher", 1, "rademacher">
]> {
  let cppNamespace = "::foregrad::fg";
  let genSpecializedAttr = 0;
}
def Fg_LawAttr : EnumAttr<Fg_Dialect, Fg_Law, "law"> {
  let assemblyFormat = "$value";
}

// What a value outside of the program is for; numbers as in runtime/schema/artifact.fbs.
def Fg_Role : I32EnumAttr<"Role", "what a buffer outside of the program is for", [
  I32EnumAttrCase<"Parameter", 0, "parameter">,
  I32EnumAttrCase<"State", 1, "state">,
  I32EnumAttrCase<"Input", 2, "input">,
  I32EnumAttrCase<"Label", 3, "label">,
  I32EnumAttrCase<"Hyper", 4, "hyper">,
  I32EnumAttrCase<"Seed", 5, "seed">,
  I32EnumAttrCase<"Step", 6, "step">,
  I32EnumAttrCase<"Output", 7, "output">,
  I32EnumAttrCase<"Gradient", 8, "gradient">,
  I32EnumAttrCase<"Perturbation", 9, "perturbation">,
  I32EnumAttrCase<"Feedback", 10, "feedback">
]> {
  let cppNamespace = "::foregrad::fg";
  let genSpecializedAttr = 0;
}
def Fg_RoleAttr : EnumAttr<Fg_Dialect, Fg_Role, "role"> {
  let assemblyFormat = "$value";
}

// How a parameter starts.
def Fg_Init : I32EnumAttr<"Init", "how a parameter starts", [
  I32EnumAttrCase<"Zero", 0, "zero">,
  I32EnumAttrCase<"Normal", 1, "normal">
]> {
  let cppNamespace = "::foregrad::fg";
  let genSpecializedAttr = 0;
}
def Fg_InitAttr : EnumAttr<Fg_Dialect, Fg_Init, "init"> {
  let assemblyFormat = "$value";
}

#endif // FOREGRAD_DIALECTS_FG_DIALECT_TD
