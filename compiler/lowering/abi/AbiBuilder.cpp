//===- AbiBuilder.cpp - IR that reads fg_call -----------------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//

#include "compiler/lowering/abi/AbiBuilder.h"

#include "runtime/abi/foregrad_abi.h"

#include "mlir/Conversion/LLVMCommon/MemRefBuilder.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

using namespace mlir;

namespace foregrad::compiler {

AbiBuilder::AbiBuilder(OpBuilder &builder, const LLVMTypeConverter &types)
    : builder(builder), types(types),
      pointerType(LLVM::LLVMPointerType::get(builder.getContext())) {}

Value AbiBuilder::constant(Location loc, int64_t value) {
  return LLVM::ConstantOp::create(builder, loc, builder.getI64Type(),
                                  builder.getI64IntegerAttr(value));
}

Value AbiBuilder::bytesBehind(Location loc, Value pointer, int64_t offset) {
  if (offset == 0)
    return pointer;
  SmallVector<LLVM::GEPArg> index;
  // A constant GEPArg silently keeps 29 bits; a farther place needs a value.
  if (llvm::isInt<LLVM::kGEPConstantBitWidth>(offset))
    index.push_back(static_cast<int32_t>(offset));
  else
    index.push_back(constant(loc, offset));
  return LLVM::GEPOp::create(builder, loc, pointerType, builder.getI8Type(),
                             pointer, index);
}

Value AbiBuilder::loadMember(Location loc, Value call, uint64_t offset,
                             Type type) {
  Value place = bytesBehind(loc, call, static_cast<int64_t>(offset));
  return LLVM::LoadOp::create(builder, loc, type, place);
}

Value AbiBuilder::abiMatches(Location loc, Value call) {
  auto is = [&](uint64_t offset, uint32_t expected) -> Value {
    Value found = loadMember(loc, call, offset, builder.getI32Type());
    Value wanted = LLVM::ConstantOp::create(
        builder, loc, builder.getI32Type(),
        builder.getI32IntegerAttr(static_cast<int32_t>(expected)));
    return LLVM::ICmpOp::create(builder, loc, LLVM::ICmpPredicate::eq, found,
                                wanted);
  };
  Value version = is(offsetof(fg_call, abi_version), FG_ABI_VERSION);
  Value size = is(offsetof(fg_call, struct_size), sizeof(fg_call));
  return LLVM::AndOp::create(builder, loc, version, size);
}

Value AbiBuilder::address(Location loc, Value call, const BufferOrigin &origin,
                          int64_t scratchBytes, Value worker) {
  switch (origin.kind) {
  case BufferOrigin::Binding: {
    Value buffers =
        loadMember(loc, call, offsetof(fg_call, buffers), pointerType);
    Value place = bytesBehind(
        loc, buffers, origin.number * static_cast<int64_t>(sizeof(void *)));
    return LLVM::LoadOp::create(builder, loc, pointerType, place);
  }
  case BufferOrigin::Arena: {
    Value arena = loadMember(loc, call, offsetof(fg_call, arena), pointerType);
    return bytesBehind(loc, arena, origin.number);
  }
  case BufferOrigin::Scratch: {
    Value scratch =
        loadMember(loc, call, offsetof(fg_call, scratch), pointerType);
    if (worker) {
      Value distance = LLVM::MulOp::create(builder, loc, worker,
                                           constant(loc, scratchBytes));
      scratch =
          LLVM::GEPOp::create(builder, loc, pointerType, builder.getI8Type(),
                              scratch, ArrayRef<LLVM::GEPArg>{distance});
    }
    return bytesBehind(loc, scratch, origin.number);
  }
  }
  return {};
}

Value AbiBuilder::asMemRef(Location loc, Value pointer, MemRefType type) {
  Value descriptor =
      MemRefDescriptor::fromStaticShape(builder, loc, types, type, pointer);
  return fromLLVM(loc, descriptor, type);
}

Value AbiBuilder::toLLVM(Location loc, Value value) {
  Type type = types.convertType(value.getType());
  if (!type || type == value.getType())
    return value;
  return UnrealizedConversionCastOp::create(builder, loc, type, value)
      .getResult(0);
}

Value AbiBuilder::fromLLVM(Location loc, Value value, Type type) {
  if (type == value.getType())
    return value;
  return UnrealizedConversionCastOp::create(builder, loc, type, value)
      .getResult(0);
}

Value AbiBuilder::field(Location loc, Type structure, Value pointer,
                        int32_t index) {
  return LLVM::GEPOp::create(builder, loc, pointerType, structure, pointer,
                             ArrayRef<LLVM::GEPArg>{0, index});
}

void AbiBuilder::callParallelFor(Location loc, Value call, int64_t count,
                                 Value kernel, Value context) {
  Value function =
      loadMember(loc, call, offsetof(fg_call, parallel_for), pointerType);
  Value pool = loadMember(loc, call, offsetof(fg_call, pool), pointerType);
  auto type = LLVM::LLVMFunctionType::get(
      LLVM::LLVMVoidType::get(builder.getContext()),
      {pointerType, builder.getI64Type(), pointerType, pointerType});
  LLVM::CallOp::create(
      builder, loc, type,
      ValueRange{function, pool, constant(loc, count), kernel, context});
}

void AbiBuilder::callFetch(Location loc, Value call, int64_t binding,
                           Value first, int64_t count, Value to) {
  Value function = loadMember(loc, call, offsetof(fg_call, fetch), pointerType);
  Value samples =
      loadMember(loc, call, offsetof(fg_call, samples), pointerType);
  Type number = builder.getI64Type();
  auto type = LLVM::LLVMFunctionType::get(
      LLVM::LLVMVoidType::get(builder.getContext()),
      {pointerType, number, number, number, pointerType});
  LLVM::CallOp::create(builder, loc, type,
                       ValueRange{function, samples, constant(loc, binding),
                                  first, constant(loc, count), to});
}

void AbiBuilder::tellPartDone(Location loc, Value call, int64_t part,
                              Value worker) {
  Value function =
      loadMember(loc, call, offsetof(fg_call, part_done), pointerType);
  Value null = LLVM::ZeroOp::create(builder, loc, pointerType);
  Value wanted = LLVM::ICmpOp::create(builder, loc, LLVM::ICmpPredicate::ne,
                                      function, null);
  Block *here = builder.getInsertionBlock();
  Block *tell = builder.createBlock(here->getParent());
  Block *behind = builder.createBlock(here->getParent());
  builder.setInsertionPointToEnd(here);
  LLVM::CondBrOp::create(builder, loc, wanted, tell, behind);
  builder.setInsertionPointToEnd(tell);
  Value pool = loadMember(loc, call, offsetof(fg_call, pool), pointerType);
  auto type = LLVM::LLVMFunctionType::get(
      LLVM::LLVMVoidType::get(builder.getContext()),
      {pointerType, builder.getI64Type(), builder.getI64Type()});
  LLVM::CallOp::create(builder, loc, type,
                       ValueRange{function, pool, constant(loc, part), worker});
  LLVM::BrOp::create(builder, loc, behind);
  builder.setInsertionPointToEnd(behind);
}

} // namespace foregrad::compiler
