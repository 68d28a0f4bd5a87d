// Licensed under the Apache License v2.0; see LICENSE.
//
// Code for processors of each architecture, whatever this machine is: what it
// consists of.

#include "compiler/lowering/Backend.h"
#include "compiler/lowering/gemm/ContractionsToKernels.h"
#include "compiler/targets/Cpu.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/BinaryFormat/ELF.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include <cstring>
#include <ostream>

using namespace mlir;

namespace foregrad::compiler {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TargetDescription target(llvm::StringRef name) {
  llvm::Expected<TargetDescription> found = describeCpu(name);
  if (found)
    return *found;
  ADD_FAILURE() << llvm::toString(found.takeError());
  return {};
}

/// Products of whole tiles, and of sizes that nothing divides. Of the last
/// vector of a row more than one lane is in use, whatever the width: for one
/// lane a scalar would be right.
constexpr llvm::StringLiteral products = R"(
func.func @step(%a: memref<128x64xf32> {fg.binding = 0 : i64},
                %b: memref<64x96xf32> {fg.binding = 1 : i64},
                %c: memref<128x96xf32> {fg.binding = 2 : i64},
                %d: memref<13x37xf32> {fg.binding = 3 : i64},
                %e: memref<37x47xf32> {fg.binding = 4 : i64},
                %f: memref<13x47xf32> {fg.binding = 5 : i64}) {
  linalg.matmul ins(%a, %b : memref<128x64xf32>, memref<64x96xf32>)
                outs(%c : memref<128x96xf32>)
  linalg.matmul ins(%d, %e : memref<13x37xf32>, memref<37x47xf32>)
                outs(%f : memref<13x47xf32>)
  return
}
)";

class Code {
public:
  explicit Code(const TargetDescription &processor) : where(processor) {
    context.loadDialect<affine::AffineDialect, arith::ArithDialect,
                        func::FuncDialect, LLVM::LLVMDialect,
                        linalg::LinalgDialect, memref::MemRefDialect,
                        scf::SCFDialect, vector::VectorDialect>();
    module = parseSourceString<ModuleOp>(products, &context);
    PassManager passes(&context);
    passes.addNestedPass<func::FuncOp>(createContractionsToKernelsPass(where));
    bool emitted = module && succeeded(passes.run(*module));
    EXPECT_TRUE(emitted);
    expectNone(outlineEntries(*module));
    expectNone(lowerEntries(*module, where));
  }

  std::string assembly() { return take(compileToAssembly(*module, where)); }
  std::string object() { return take(compileToSharedObject(*module, where)); }

private:
  static void expectNone(llvm::Error error) {
    EXPECT_THAT(llvm::toString(std::move(error)), IsEmpty());
  }
  static std::string take(llvm::Expected<std::string> code) {
    if (code)
      return *code;
    ADD_FAILURE() << llvm::toString(code.takeError());
    return "";
  }

  const TargetDescription where;
  MLIRContext context;
  OwningOpRef<ModuleOp> module;
};

/// The lines of an instruction with one of these beginnings, and an operand
/// that has `part` in it.
int64_t count(llvm::StringRef assembly, llvm::ArrayRef<llvm::StringRef> names,
              llvm::StringRef part) {
  int64_t found = 0;
  llvm::SmallVector<llvm::StringRef> lines;
  assembly.split(lines, '\n');
  for (llvm::StringRef line : lines) {
    auto [name, operands] = line.trim().split('\t');
    found += operands.contains(part) &&
             llvm::any_of(names, [&](llvm::StringRef beginning) {
               return name.starts_with(beginning);
             });
  }
  return found;
}

struct Processor {
  const char *name;
  const char *multiply; // of vectors, and a part of its operands
  const char *operand;
  std::vector<llvm::StringRef> scalar; // multiplications that are not wanted
  int64_t vectorBytes, vectorRegisters;
};

void PrintTo(const Processor &processor, std::ostream *stream) {
  *stream << processor.name;
}

const std::vector<llvm::StringRef> x86Scalar = {
    "mulss", "vmulss", "vfmadd132ss", "vfmadd213ss", "vfmadd231ss"};
const std::vector<llvm::StringRef> aarch64Scalar = {"fmadd", "fmul\ts"};

const Processor processors[] = {
    {"x86-64", "mulps", "%xmm", x86Scalar, 16, 16},
    {"x86-64-v3", "vfmadd", "%ymm", x86Scalar, 32, 16},
    {"x86-64-v4", "vfmadd", "%zmm", x86Scalar, 64, 32},
    {"aarch64", "fmla", ".4s", aarch64Scalar, 16, 32},
    {"apple-m1", "fmla", ".4s", aarch64Scalar, 16, 32},
    {"neoverse-v2", "fmla", ".4s", aarch64Scalar, 16, 32},
};

class Architectures : public testing::TestWithParam<Processor> {};

TEST_P(Architectures, ProductsTakeWholeVectors) {
  const Processor &processor = GetParam();
  TargetDescription where = target(processor.name);
  EXPECT_EQ(where.vectorBytes, processor.vectorBytes);
  EXPECT_EQ(where.vectorRegisters, processor.vectorRegisters);
  std::string assembly = Code(where).assembly();
  EXPECT_GE(count(assembly, {processor.multiply}, processor.operand), 100);
  EXPECT_EQ(count(assembly, processor.scalar, ""), 0);
  EXPECT_EQ(count(assembly, {"bl", "call"}, "fma"), 0) << "calls of libm";
}

TEST_P(Architectures, ObjectsAreOfTheArchitecture) {
  TargetDescription where = target(GetParam().name);
  std::string object = Code(where).object();
  ASSERT_GE(object.size(), sizeof(llvm::ELF::Elf64_Ehdr));
  llvm::ELF::Elf64_Ehdr header;
  std::memcpy(&header, object.data(), sizeof(header));
  EXPECT_EQ(header.e_type, llvm::ELF::ET_DYN);
  EXPECT_EQ(header.e_machine, llvm::StringRef(where.triple).starts_with("x86")
                                  ? llvm::ELF::EM_X86_64
                                  : llvm::ELF::EM_AARCH64);
  // As for a processor that is named: the same bytes every time.
  EXPECT_TRUE(object == Code(where).object());
}

INSTANTIATE_TEST_SUITE_P(All, Architectures, testing::ValuesIn(processors),
                         [](const auto &info) {
                           std::string name = info.param.name;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

TEST(AArch64, NamesTakeTimingAndCachesOnly) {
  TargetDescription baseline = target("aarch64");
  EXPECT_EQ(baseline.triple, "aarch64-unknown-linux-gnu");
  EXPECT_THAT(requiredFeatures(baseline), IsEmpty());
  TargetDescription n1 = target("neoverse-n1");
  EXPECT_EQ(n1.cpu, "neoverse-n1");
  EXPECT_EQ(n1.l1Bytes, 64 << 10);
  EXPECT_EQ(n1.l2Bytes, 1 << 20);
  EXPECT_THAT(requiredFeatures(n1), IsEmpty());
  TargetDescription m1 = target("apple-m1");
  EXPECT_EQ(m1.l1Bytes, 128 << 10);
  EXPECT_THAT(requiredFeatures(m1), ElementsAre("sha3"));
}

/// What no required feature stands for must not be used: this one has vectors
/// of a length that is not known when compiling.
TEST(AArch64, NoInstructionsOfTheProcessorsOwn) {
  TargetDescription fugaku = target("a64fx");
  EXPECT_EQ(fugaku.instructionsOf, "generic");
  EXPECT_EQ(fugaku.tunedFor, "a64fx");
  EXPECT_THAT(fugaku.features, ElementsAre("+fp-armv8", "+neon", "-sha3"));
}

TEST(CpuNames, AreOfBothArchitectures) {
  std::vector<std::string> names = cpuNames();
  for (const char *name :
       {"x86-64", "x86-64-v3", "znver4", "aarch64", "apple-m1", "neoverse-n1"})
    EXPECT_THAT(names, testing::Contains(name));
  for (const std::string &name : names)
    EXPECT_EQ(target(name).cpu, name);
  llvm::Expected<TargetDescription> wrong = describeCpu("neoverse-n11");
  ASSERT_FALSE(static_cast<bool>(wrong));
  EXPECT_THAT(llvm::toString(wrong.takeError()),
              HasSubstr("did you mean neoverse-n1"));
}

TEST(CpuNames, TheWidestVectorsAreTheBestChoice) {
  EXPECT_TRUE(isBetter(target("x86-64-v4"), target("x86-64-v3")));
  EXPECT_TRUE(isBetter(target("x86-64-v3"), target("x86-64-v2")));
  EXPECT_FALSE(isBetter(target("x86-64"), target("x86-64-v2")));
  EXPECT_TRUE(isBetter(target("znver4"), target("x86-64-v4")));
  EXPECT_TRUE(isBetter(target("apple-m1"), target("aarch64")));
  EXPECT_FALSE(isBetter(target("aarch64"), target("neoverse-n1")));
  EXPECT_FALSE(isBetter(target("neoverse-n1"), target("aarch64")));
}

} // namespace
} // namespace foregrad::compiler
