//===- ReadBytes.cpp - Entries that take an image's bytes -----------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//

#include "compiler/optimizers/Optimizer.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;

namespace foregrad::compiler {

namespace {

/// The entries that anyone may call with numbers of their own, such as those of
/// other programs. All others get what a dataset holds.
constexpr StringLiteral kOfNumbers[] = {"gradient", "exact"};

struct ReadBytesPass : PassWrapper<ReadBytesPass, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(ReadBytesPass)

  StringRef getArgument() const override { return "fg-read-bytes"; }
  StringRef getDescription() const override {
    return R"(Lets entries that datasets feed take bytes and scale them to 0..1 themselves.

    %x = fg.read "image" role input : <[batch = 4, pixel = 3], f32>

  becomes, where the model says that the raw data of "image" are bytes,

    %b = fg.read "image.bytes" role input : <[batch = 4, pixel = 3], i8>
    %n = fg.cast %b : <[batch = 4, pixel = 3], i8> -> <[batch = 4, pixel = 3], f32>
    %m = fg.constant [2.550000e+02] : <[], f32>
    %x = fg.div %n, %m

  so that of a batch only its bytes lie in memory. The entries `gradient` and `exact` stay as
  they are: they take any numbers.)";
  }

  void runOnOperation() override {
    llvm::StringSet<> byteInputs;
    getOperation().walk([&](fg::InputOp input) {
      if (input.getBytes())
        byteInputs.insert(input.getName());
    });
    for (auto entry : getOperation().getOps<fg::EntryOp>()) {
      if (llvm::is_contained(kOfNumbers, entry.getName()))
        continue;
      for (auto read : llvm::to_vector(entry.getBody().getOps<fg::ReadOp>()))
        if (read.getRole() == fg::Role::Input &&
            byteInputs.contains(read.getName()))
          readBytes(read);
    }
  }

  /// A division, since 1/255 is no number of the machine's: the result is the
  /// one nearest to the quotient, as whoever scales bytes elsewhere gets it.
  static void readBytes(fg::ReadOp read) {
    OpBuilder builder(read);
    Location loc = read.getLoc();
    auto type = fg::arrayType(read.getResult());
    Value bytes =
        fg::ReadOp::create(builder, loc, type.cloneWith(builder.getI8Type()),
                           (read.getName() + ".bytes").str(), fg::Role::Input);
    Value numbers = fg::CastOp::create(builder, loc, type, bytes);
    Value most = fg::ConstantOp::create(
        builder, loc, type.cloneWith(ArrayRef<fg::AxisAttr>()), 255.0);
    read.replaceAllUsesWith(
        fg::DivOp::create(builder, loc, type, numbers, most).getResult());
    read.erase();
  }
};

} // namespace

std::unique_ptr<Pass> createReadBytesPass() {
  return std::make_unique<ReadBytesPass>();
}

} // namespace foregrad::compiler
