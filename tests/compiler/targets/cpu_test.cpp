// Licensed under the Apache License v2.0; see LICENSE.
//
// Kernels written by hand, compiled to shared objects, loaded and run.

#include "compiler/lowering/Backend.h"
#include "compiler/targets/Cpu.h"
#include "compiler/targets/LinkShared.h"
#include "runtime/abi/foregrad_abi.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/UB/IR/UBOps.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Parser/Parser.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Object/ELFObjectFile.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>
#include <optional>
#include <random>
#include <set>
#include <thread>
#include <vector>

#include <dlfcn.h>
#include <sys/mman.h>
#include <unistd.h>

using namespace mlir;

namespace foregrad::compiler {
namespace {

using testing::HasSubstr;

/// Memory that starts where the ABI wants it.
template <typename T> class Buffer {
public:
  explicit Buffer(size_t count, T value = T())
      : storage(count + FG_ALIGNMENT / sizeof(T), value), count(count) {
    auto address = reinterpret_cast<uintptr_t>(storage.data());
    start = (FG_ALIGNMENT - address % FG_ALIGNMENT) % FG_ALIGNMENT / sizeof(T);
  }
  T *data() { return storage.data() + start; }
  T &operator[](size_t i) { return data()[i]; }
  size_t size() const { return count; }
  T *begin() { return data(); }
  T *end() { return data() + count; }

private:
  std::vector<T> storage;
  size_t count, start;
};

enum class Order { Forward, Backward, Threads };

void runTasks(void *pool, int64_t count, fg_body body, void *context) {
  Order order = *static_cast<Order *>(pool);
  if (order == Order::Threads) {
    auto half = [&](int64_t worker) {
      for (int64_t i = worker; i < count; i += 2)
        body(context, i, worker);
    };
    std::thread other(half, 1);
    half(0);
    other.join();
    return;
  }
  for (int64_t i = 0; i < count; ++i)
    body(context, order == Order::Forward ? i : count - 1 - i, 0);
}

/// A compiled module, loaded.
class Program {
public:
  explicit Program(CompiledModule code) : compiled(std::move(code)) {
    file = memfd_create("test", MFD_CLOEXEC);
    EXPECT_EQ(
        write(file, compiled.sharedObject.data(), compiled.sharedObject.size()),
        static_cast<ssize_t>(compiled.sharedObject.size()));
    std::string path = "/proc/self/fd/" + std::to_string(file);
    handle = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    EXPECT_NE(handle, nullptr) << dlerror();
  }
  ~Program() {
    if (handle)
      dlclose(handle);
    close(file); // not before: dlopen takes the same name for the same library
  }
  Program(const Program &) = delete;

  const EntryCode &entry(llvm::StringRef name) {
    return *llvm::find_if(compiled.entries, [&](const EntryCode &entry) {
      return entry.name == name;
    });
  }

  void *symbol(const char *name) { return dlsym(handle, name); }

  int32_t call(llvm::StringRef name, std::vector<void *> buffers,
               Order order = Order::Forward, uint32_t version = FG_ABI_VERSION,
               uint32_t size = sizeof(fg_call)) {
    const EntryCode &code = entry(name);
    auto function = reinterpret_cast<fg_entry>(symbol(code.symbol.c_str()));
    if (!function) {
      ADD_FAILURE() << dlerror();
      return -1;
    }
    Buffer<uint8_t> arena(code.arenaBytes, 0xCD);
    Buffer<uint8_t> scratch(2 * code.scratchBytes, 0xCD);
    fg_call call = {version,        size,     buffers.data(), arena.data(),
                    scratch.data(), runTasks, &order,         2,
                    nullptr,        nullptr,  nullptr};
    return function(&call);
  }

  CompiledModule compiled;

private:
  int file = -1;
  void *handle = nullptr;
};

class Cpu : public testing::Test {
protected:
  Cpu() {
    context.allowUnregisteredDialects();
    context.loadDialect<affine::AffineDialect, arith::ArithDialect,
                        func::FuncDialect, LLVM::LLVMDialect, math::MathDialect,
                        memref::MemRefDialect, scf::SCFDialect, ub::UBDialect,
                        vector::VectorDialect>();
  }

  static TargetDescription target(llvm::StringRef name = "host") {
    llvm::Expected<TargetDescription> found = describeCpu(name);
    if (found)
      return *found;
    ADD_FAILURE() << llvm::toString(found.takeError());
    return {};
  }

  llvm::Expected<CompiledModule> tryCompile(llvm::StringRef text,
                                            const TargetDescription &where) {
    auto module = parseSourceString<ModuleOp>(text, &context);
    if (!module)
      return llvm::createStringError("the test's own text is wrong");
    return compileEntries(*module, where);
  }

  std::unique_ptr<Program> compile(llvm::StringRef text,
                                   const TargetDescription &where) {
    llvm::Expected<CompiledModule> compiled = tryCompile(text, where);
    if (!compiled) {
      ADD_FAILURE() << llvm::toString(compiled.takeError());
      return nullptr;
    }
    return std::make_unique<Program>(std::move(*compiled));
  }

  std::string errorOf(llvm::StringRef text) {
    llvm::Expected<CompiledModule> compiled = tryCompile(text, target());
    return compiled ? "" : llvm::toString(compiled.takeError());
  }

  /// y[i] = f(x[i]) with `vector` (or the element type alone) as the type.
  static std::string unary(llvm::StringRef op, llvm::StringRef element,
                           int64_t count, int64_t lanes) {
    std::string memref =
        "memref<" + std::to_string(count) + "x" + element.str() + ">";
    std::string type =
        "vector<" + std::to_string(lanes) + "x" + element.str() + ">";
    return "func.func @map(%x: " + memref +
           " {fg.binding = 0 : i64}, %y: " + memref +
           " {fg.binding = 1 : i64}) {\n"
           "  %lanes = arith.constant " +
           std::to_string(lanes) +
           " : index\n"
           "  scf.forall (%t) in (" +
           std::to_string(count / lanes) +
           ") {\n"
           "    %i = arith.muli %t, %lanes : index\n"
           "    %v = vector.load %x[%i] : " +
           memref + ", " + type + "\n    %r = " + op.str() + " %v : " + type +
           "\n    vector.store %r, %y[%i] : " + memref + ", " + type +
           "\n  }\n  return\n}\n";
  }

  /// What this machine can run, the narrowest first.
  static std::vector<std::string> runnable() {
    std::vector<std::string> names = {"generic"};
    std::vector<std::string> here = requiredFeatures(target());
    for (const char *name : {"x86-64-v3", "x86-64-v4", "host"}) {
      std::vector<std::string> needed = requiredFeatures(target(name));
      if (llvm::all_of(needed, [&](const std::string &feature) {
            return llvm::is_contained(here, feature);
          }))
        names.push_back(name);
    }
    return names;
  }

  MLIRContext context;
};

constexpr llvm::StringLiteral addTails = R"(
func.func @step(%x: memref<5x37xf32> {fg.binding = 0 : i64},
                %s: memref<f32> {fg.binding = 2 : i64},
                %y: memref<5x37xf32> {fg.binding = 1 : i64}) {
  %t = memref.alloc() : memref<185xf32>
  %rows = memref.expand_shape %t [[0, 1]] output_shape [5, 37]
      : memref<185xf32> into memref<5x37xf32>
  %c0 = arith.constant 0 : index
  %c16 = arith.constant 16 : index
  %c32 = arith.constant 32 : index
  %zero = arith.constant dense<0.0> : vector<16xf32>
  %tail = vector.constant_mask [5] : vector<16xi1>
  %scale = memref.load %s[] : memref<f32>
  scf.forall (%i) in (5) {
    %v = vector.broadcast %scale : f32 to vector<16xf32>
    scf.for %j = %c0 to %c32 step %c16 {
      %a = vector.load %x[%i, %j] : memref<5x37xf32>, vector<16xf32>
      %b = arith.mulf %a, %v fastmath<contract> : vector<16xf32>
      vector.store %b, %rows[%i, %j] : memref<5x37xf32>, vector<16xf32>
    }
    %a = vector.maskedload %x[%i, %c32], %tail, %zero
        : memref<5x37xf32>, vector<16xi1>, vector<16xf32> into vector<16xf32>
    %b = arith.mulf %a, %v fastmath<contract> : vector<16xf32>
    vector.maskedstore %rows[%i, %c32], %tail, %b
        : memref<5x37xf32>, vector<16xi1>, vector<16xf32>
  } {fg.flops = 185 : i64}
  scf.forall (%i) in (5) {
    %big = memref.alloca() : memref<2048xf32>
    %small = memref.alloca() : memref<64xf32>
    %c1 = arith.constant 1 : index
    %c37 = arith.constant 37 : index
    scf.for %j = %c0 to %c37 step %c1 {
      %a = memref.load %t[%j] : memref<185xf32>
      %b = memref.load %rows[%i, %j] : memref<5x37xf32>
      %c = arith.addf %a, %b : f32
      memref.store %c, %big[%j] : memref<2048xf32>
      memref.store %a, %small[%j] : memref<64xf32>
    }
    scf.for %j = %c0 to %c37 step %c1 {
      %a = memref.load %big[%j] : memref<2048xf32>
      %b = memref.load %small[%j] : memref<64xf32>
      %c = arith.subf %a, %b : f32
      memref.store %c, %y[%i, %j] : memref<5x37xf32>
    }
  } {fg.flops = 370 : i64}
  return
}
)";

TEST_F(Cpu, RunsKernelsWithArenaScratchStackAndMasks) {
  for (const std::string &name : runnable()) {
    SCOPED_TRACE(name);
    auto program = compile(addTails, target(name));
    ASSERT_TRUE(program);
    const EntryCode &entry = program->entry("step");
    EXPECT_EQ(entry.symbol, "foregrad_step");
    EXPECT_EQ(entry.arenaBytes, 768u);
    EXPECT_EQ(entry.scratchBytes, 8192u);
    EXPECT_EQ(entry.flops, 555.0);

    Buffer<float> x(5 * 37), scale(1, 3.0f);
    for (size_t i = 0; i < x.size(); ++i)
      x[i] = static_cast<float>(i) - 90.5f;
    for (Order order : {Order::Forward, Order::Backward, Order::Threads}) {
      Buffer<float> y(5 * 37 + 16, -1.0f);
      ASSERT_EQ(
          program->call("step", {x.data(), y.data(), scale.data()}, order),
          FG_STATUS_OK);
      for (size_t i = 0; i < x.size(); ++i) {
        float a = x[i % 37] * 3.0f, b = x[i] * 3.0f;
        ASSERT_EQ(y[i], (a + b) - a) << i;
      }
      for (size_t i = x.size(); i < y.size(); ++i)
        ASSERT_EQ(y[i], -1.0f) << "written behind the end";
    }
  }
}

TEST_F(Cpu, RefusesCallersOfAnotherAbi) {
  auto program = compile(addTails, target());
  ASSERT_TRUE(program);
  // Nothing is touched: not even the null buffers.
  EXPECT_EQ(program->call("step", {}, Order::Forward, FG_ABI_VERSION + 1),
            FG_STATUS_ABI_MISMATCH);
  EXPECT_EQ(program->call("step", {}, Order::Forward, FG_ABI_VERSION, 48),
            FG_STATUS_ABI_MISMATCH);
}

TEST_F(Cpu, SameBytesEveryTime) {
  llvm::Expected<CompiledModule> first = tryCompile(addTails, target());
  llvm::Expected<CompiledModule> second = tryCompile(addTails, target());
  ASSERT_TRUE(static_cast<bool>(first));
  ASSERT_TRUE(static_cast<bool>(second));
  EXPECT_TRUE(first->sharedObject == second->sharedObject);
}

TEST_F(Cpu, ExportsEntriesOnly) {
  llvm::Expected<CompiledModule> compiled = tryCompile(addTails, target());
  ASSERT_TRUE(static_cast<bool>(compiled));
  Program program(std::move(*compiled));
  EXPECT_NE(program.symbol("foregrad_step"), nullptr);
  EXPECT_EQ(program.symbol("step_kernel0"), nullptr);
  EXPECT_EQ(program.symbol("step_task0"), nullptr);
}

/// Kernels enough for several threads to compile; `first` goes in front of
/// them. y[k][i] is half of x[i] plus k, again and again.
std::string manyKernels(int64_t kernels, int64_t steps,
                        llvm::StringRef first = "") {
  std::string text;
  llvm::raw_string_ostream out(text);
  out << "func.func @step(%x: memref<4xf32> {fg.binding = 0 : i64},\n"
      << "    %y: memref<" << kernels << "x4xf32> {fg.binding = 1 : i64}) {\n"
      << "  %half = arith.constant 0.5 : f32\n"
      << first;
  for (int64_t k = 0; k < kernels; ++k) {
    out << "  %k" << k << " = arith.constant " << k << " : index\n"
        << "  %f" << k << " = arith.constant " << k << ".0 : f32\n"
        << "  scf.forall (%i) in (4) {\n"
        << "    %s0 = memref.load %x[%i] : memref<4xf32>\n";
    for (int64_t i = 0; i < steps; ++i)
      out << "    %p" << i << " = arith.mulf %s" << i << ", %half : f32\n"
          << "    %s" << i + 1 << " = arith.addf %p" << i << ", %f" << k
          << " : f32\n";
    out << "    memref.store %s" << steps << ", %y[%k" << k << ", %i] : memref<"
        << kernels << "x4xf32>\n  }\n";
  }
  out << "  return\n}\n";
  return text;
}

/// Of how many object files a shared object was linked.
int64_t numParts(llvm::StringRef sharedObject) {
  auto file = llvm::object::ObjectFile::createELFObjectFile(
      llvm::MemoryBufferRef(sharedObject, "code"));
  if (!file) {
    ADD_FAILURE() << llvm::toString(file.takeError());
    return 0;
  }
  return llvm::count_if((*file)->symbols(), [](llvm::object::SymbolRef symbol) {
    return llvm::cantFail(symbol.getType()) == llvm::object::SymbolRef::ST_File;
  });
}

TEST_F(Cpu, PartsThatThreadsCompileAreOneProgram) {
  constexpr int64_t kernels = 96, steps = 150;
  std::string text = manyKernels(kernels, steps);
  auto program = compile(text, target());
  ASSERT_TRUE(program);
  EXPECT_GT(numParts(program->compiled.sharedObject), 2);
  EXPECT_NE(program->symbol("foregrad_step"), nullptr);
  EXPECT_EQ(program->symbol("step_kernel0"), nullptr);
  EXPECT_EQ(program->symbol("step_task0"), nullptr);

  Buffer<float> x(4, 1.0f), y(kernels * 4);
  ASSERT_EQ(program->call("step", {x.data(), y.data()}, Order::Threads),
            FG_STATUS_OK);
  for (int64_t k = 0; k < kernels; ++k) {
    double value = 1;
    for (int64_t i = 0; i < steps; ++i)
      value = value * 0.5 + double(k);
    for (int64_t i = 0; i < 4; ++i)
      ASSERT_NEAR(y[k * 4 + i], value, 1e-5 * (1 + value)) << k;
  }

  context.disableMultithreading();
  llvm::Expected<CompiledModule> alone = tryCompile(text, target());
  ASSERT_TRUE(static_cast<bool>(alone));
  EXPECT_TRUE(alone->sharedObject == program->compiled.sharedObject);
}

TEST_F(Cpu, PartsForAnotherArchitectureAreLinked) {
  std::string text = manyKernels(64, 150);
  llvm::Expected<CompiledModule> code = tryCompile(text, target("aarch64"));
  ASSERT_TRUE(static_cast<bool>(code)) << llvm::toString(code.takeError());
  EXPECT_GT(numParts(code->sharedObject), 1);
}

struct Function {
  const char *op;
  double (*exact)(double);
  double low, high;
  double f32Tolerance; // of max(1, |exact|), or relative where `relative`
};

TEST_F(Cpu, ElementaryFunctionsAreAccurate) {
  const Function functions[] = {
      {"math.exp", std::exp, -80, 80, 3e-7},
      {"math.log", std::log, 1e-6, 1e6, 3e-7},
      {"math.log1p", std::log1p, -0.9, 100, 5e-7},
      {"math.expm1", std::expm1, -5, 5, 5e-7},
      {"math.sin", std::sin, -6.3, 6.3, 5e-7},
      {"math.cos", std::cos, -6.3, 6.3, 5e-7},
      {"math.tanh", std::tanh, -9, 9, 5e-7},
      {"math.erf", std::erf, -4, 4, 5e-7},
      {"math.atan", std::atan, -9, 9, 3e-6},
      {"math.tan", std::tan, -1.5, 1.5, 1e-6},
      {"math.sqrt", std::sqrt, 0, 1e6, 1e-7},
      {"math.rsqrt", [](double x) { return 1 / std::sqrt(x); }, 1e-3, 1e3,
       3e-7},
      {"math.floor", std::floor, -100, 100, 0},
      {"math.absf", std::fabs, -100, 100, 0},
  };
  constexpr int64_t count = 512;
  for (const std::string &name : runnable())
    for (const Function &function : functions) {
      SCOPED_TRACE(name + " " + function.op);
      Buffer<float> x(count), y(count);
      Buffer<double> wideX(count), wideY(count);
      for (int64_t i = 0; i < count; ++i) {
        wideX[i] = function.low + (function.high - function.low) *
                                      (static_cast<double>(i) + 0.5) / count;
        x[i] = static_cast<float>(wideX[i]);
      }
      auto narrow = compile(unary(function.op, "f32", count, 16), target(name));
      auto wide = compile(unary(function.op, "f64", count, 8), target(name));
      ASSERT_TRUE(narrow && wide);
      ASSERT_EQ(narrow->call("map", {x.data(), y.data()}), 0);
      ASSERT_EQ(wide->call("map", {wideX.data(), wideY.data()}), 0);
      double worst = 0, worstWide = 0;
      for (int64_t i = 0; i < count; ++i) {
        double exact = function.exact(x[i]),
               exactWide = function.exact(wideX[i]);
        worst = std::max(worst, std::fabs(y[i] - exact) /
                                    std::max(1.0, std::fabs(exact)));
        worstWide =
            std::max(worstWide, std::fabs(wideY[i] - exactWide) /
                                    std::max(1.0, std::fabs(exactWide)));
      }
      EXPECT_LE(worst, function.f32Tolerance);
      EXPECT_LE(worstWide, 1e-15);
    }
}

TEST_F(Cpu, SmallArgumentsKeepTheirDigits) {
  for (const char *op : {"math.log1p", "math.expm1"}) {
    SCOPED_TRACE(op);
    Buffer<double> x(8), y(8);
    for (size_t i = 0; i < 8; ++i)
      x[i] = std::pow(10.0, -4.0 - static_cast<double>(i) * 2);
    auto program = compile(unary(op, "f64", 8, 8), target());
    ASSERT_TRUE(program);
    ASSERT_EQ(program->call("map", {x.data(), y.data()}), 0);
    for (size_t i = 0; i < 8; ++i) {
      double exact =
          op == std::string("math.log1p") ? std::log1p(x[i]) : std::expm1(x[i]);
      EXPECT_NEAR(y[i] / exact, 1.0, 1e-15);
    }
  }
}

// What kernels use beyond loads, stores and arithmetic.
constexpr llvm::StringLiteral vectorOps = R"(
func.func @ops(%x: memref<64xf32> {fg.binding = 0 : i64},
               %k: memref<16xi32> {fg.binding = 1 : i64},
               %y: memref<8x16xf32> {fg.binding = 2 : i64}) {
  scf.forall (%t) in (1) {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c2 = arith.constant 2 : index
    %c3 = arith.constant 3 : index
    %c4 = arith.constant 4 : index
    %c5 = arith.constant 5 : index
    %c6 = arith.constant 6 : index
    %c7 = arith.constant 7 : index
    %c16 = arith.constant 16 : index
    %zero = arith.constant dense<0.0> : vector<16xf32>
    %a = vector.load %x[%c0] : memref<64xf32>, vector<16xf32>
    %b = vector.load %x[%c16] : memref<64xf32>, vector<16xf32>

    // 0: gather
    %index = vector.load %k[%c0] : memref<16xi32>, vector<16xi32>
    %all = vector.constant_mask [16] : vector<16xi1>
    %g = vector.gather %x[%c0] [%index], %all, %zero
        : memref<64xf32>, vector<16xi32>, vector<16xi1>, vector<16xf32>
          into vector<16xf32>
    vector.store %g, %y[%c0, %c0] : memref<8x16xf32>, vector<16xf32>
    // 1: fma
    %f = vector.fma %a, %b, %a : vector<16xf32>
    vector.store %f, %y[%c1, %c0] : memref<8x16xf32>, vector<16xf32>
    // 2: an ordered sum
    %start = arith.constant 1.0 : f32
    %sum = vector.reduction <add>, %a, %start : vector<16xf32> into f32
    %sums = vector.broadcast %sum : f32 to vector<16xf32>
    vector.store %sums, %y[%c2, %c0] : memref<8x16xf32>, vector<16xf32>
    // 3: step, comparison, select, number conversion
    %lane = vector.step : vector<16xindex>
    %five = arith.constant dense<5> : vector<16xindex>
    %less = arith.cmpi ult, %lane, %five : vector<16xindex>
    %number = arith.index_cast %lane : vector<16xindex> to vector<16xi32>
    %real = arith.sitofp %number : vector<16xi32> to vector<16xf32>
    %chosen = arith.select %less, %real, %a : vector<16xi1>, vector<16xf32>
    vector.store %chosen, %y[%c3, %c0] : memref<8x16xf32>, vector<16xf32>
    // 4: maximum and minimum
    %relu = arith.maximumf %a, %zero fastmath<nnan,nsz> : vector<16xf32>
    %capped = arith.minnumf %relu, %b : vector<16xf32>
    vector.store %capped, %y[%c4, %c0] : memref<8x16xf32>, vector<16xf32>
    // 5: bits
    %bits = vector.bitcast %a : vector<16xf32> to vector<16xi32>
    %sign = arith.constant dense<0x80000000> : vector<16xi32>
    %flipped = arith.xori %bits, %sign : vector<16xi32>
    %back = vector.bitcast %flipped : vector<16xi32> to vector<16xf32>
    vector.store %back, %y[%c5, %c0] : memref<8x16xf32>, vector<16xf32>
    // 6: a mask made at run time
    %mask = vector.create_mask %c6 : vector<16xi1>
    %part = vector.maskedload %x[%c0], %mask, %zero
        : memref<64xf32>, vector<16xi1>, vector<16xf32> into vector<16xf32>
    memref.prefetch %x[%c16], read, locality<3>, data : memref<64xf32>
    vector.store %part, %y[%c6, %c0] : memref<8x16xf32>, vector<16xf32>
    // 7: 2-d vectors, transfers, transposition, a strided copy
    %pad = arith.constant 0.0 : f32
    %square = memref.expand_shape %x [[0, 1]] output_shape [4, 16]
        : memref<64xf32> into memref<4x16xf32>
    %corner = memref.subview %square[0, 0] [4, 4] [1, 1]
        : memref<4x16xf32> to memref<4x4xf32, strided<[16, 1]>>
    %local = memref.alloca() : memref<4x4xf32>
    memref.copy %corner, %local
        : memref<4x4xf32, strided<[16, 1]>> to memref<4x4xf32>
    %m = vector.transfer_read %local[%c0, %c0], %pad {in_bounds = [true, true]}
        : memref<4x4xf32>, vector<4x4xf32>
    %mt = vector.transpose %m, [1, 0] : vector<4x4xf32> to vector<4x4xf32>
    %flat = vector.shape_cast %mt : vector<4x4xf32> to vector<16xf32>
    vector.store %flat, %y[%c7, %c0] : memref<8x16xf32>, vector<16xf32>
  }
  return
}
)";

TEST_F(Cpu, RunsVectorOperations) {
  for (const std::string &name : runnable()) {
    SCOPED_TRACE(name);
    auto program = compile(vectorOps, target(name));
    ASSERT_TRUE(program);
    Buffer<float> x(64), y(128);
    Buffer<int32_t> index(16);
    for (size_t i = 0; i < 64; ++i)
      x[i] = 0.37f * static_cast<float>(i) - 2.1f;
    for (size_t i = 0; i < 16; ++i)
      index[i] = static_cast<int32_t>((i * 29 + 3) % 64);
    ASSERT_EQ(program->call("ops", {x.data(), index.data(), y.data()}), 0);
    float sum = 1.0f;
    for (size_t i = 0; i < 16; ++i)
      sum += x[i];
    for (size_t i = 0; i < 16; ++i) {
      SCOPED_TRACE(i);
      float a = x[i], b = x[16 + i];
      EXPECT_EQ(y[i], x[static_cast<size_t>(index[i])]);
      EXPECT_NEAR(y[16 + i], std::fma(a, b, a), 1e-5);
      EXPECT_EQ(y[32 + i], sum);
      EXPECT_EQ(y[48 + i], i < 5 ? static_cast<float>(i) : a);
      EXPECT_EQ(y[64 + i], std::min(std::max(a, 0.0f), b));
      EXPECT_EQ(y[80 + i], -a);
      EXPECT_EQ(y[96 + i], i < 6 ? a : 0.0f);
      EXPECT_EQ(y[112 + i], x[(i % 4) * 16 + i / 4]);
    }
  }
}

TEST_F(Cpu, ContractBecomesFma) {
  if (!llvm::is_contained(requiredFeatures(target()), "fma"))
    GTEST_SKIP() << "this machine has no fused multiply-add";
  auto program = compile(R"(
func.func @fused(%x: memref<16xf32> {fg.binding = 0 : i64}) {
  scf.forall (%t) in (1) {
    %c0 = arith.constant 0 : index
    %a = vector.load %x[%c0] : memref<16xf32>, vector<16xf32>
    %p = arith.mulf %a, %a fastmath<contract> : vector<16xf32>
    %one = arith.constant dense<-1.0> : vector<16xf32>
    %s = arith.addf %p, %one fastmath<contract> : vector<16xf32>
    vector.store %s, %x[%c0] : memref<16xf32>, vector<16xf32>
  }
  return
})",
                         target());
  ASSERT_TRUE(program);
  const float value = 1.0f + 1.0f / 4096; // its square needs 25 bits
  Buffer<float> x(16, value);
  ASSERT_EQ(program->call("fused", {x.data()}), 0);
  EXPECT_EQ(x[3], std::fma(value, value, -1.0f));
  volatile float square = value * value;
  EXPECT_NE(x[3], square - 1.0f);
}

TEST_F(Cpu, TopLevelLoopsRunInTheEntry) {
  auto program = compile(R"(
func.func @loop(%x: memref<8xf32> {fg.binding = 0 : i64},
                %y: memref<3x8xf32> {fg.binding = 1 : i64}) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c3 = arith.constant 3 : index
  %t = memref.alloc() : memref<8xf32>
  memref.copy %x, %t : memref<8xf32> to memref<8xf32>
  scf.for %r = %c0 to %c3 step %c1 {
    scf.forall (%i) in (8) {
      %f = memref.load %t[%i] : memref<8xf32>
      %g = arith.addf %f, %f : f32
      memref.store %g, %t[%i] : memref<8xf32>
      memref.store %g, %y[%r, %i] : memref<3x8xf32>
    }
  }
  return
})",
                         target());
  ASSERT_TRUE(program);
  Buffer<float> x(8), y(24);
  for (size_t i = 0; i < 8; ++i)
    x[i] = static_cast<float>(i);
  ASSERT_EQ(program->call("loop", {x.data(), y.data()}, Order::Threads), 0);
  for (size_t i = 0; i < 24; ++i)
    EXPECT_EQ(y[i],
              static_cast<float>(i % 8) * static_cast<float>(2 << (i / 8)));
}

TEST_F(Cpu, DescribesNamedProcessors) {
  TargetDescription generic = target("generic");
  EXPECT_EQ(generic.vectorBytes, 16);
  EXPECT_EQ(generic.vectorRegisters, 16);
  EXPECT_TRUE(requiredFeatures(generic).empty());

  TargetDescription v3 = target("x86-64-v3");
  EXPECT_EQ(v3.vectorBytes, 32);
  EXPECT_EQ(v3.vectorRegisters, 16);
  EXPECT_THAT(requiredFeatures(v3), testing::IsSupersetOf({"avx2", "fma"}));
  EXPECT_THAT(requiredFeatures(v3), testing::Not(testing::Contains("avx512f")));

  TargetDescription skylake = target("skylake-avx512");
  EXPECT_EQ(skylake.vectorBytes, 64);
  EXPECT_EQ(skylake.vectorRegisters, 32);
  EXPECT_EQ(skylake.l2Bytes, 1 << 20);
  EXPECT_THAT(
      requiredFeatures(skylake),
      testing::IsSupersetOf({"avx512f", "avx512dq", "avx512bw", "avx512vl"}));

  // AVX-512 without its byte, word and short vectors is no AVX-512 here.
  if (llvm::is_contained(cpuNames(), "knl")) {
    EXPECT_EQ(target("knl").vectorBytes, 32);
    EXPECT_THAT(requiredFeatures(target("knl")),
                testing::Not(testing::Contains("avx512f")));
  }
}

TEST_F(Cpu, EveryNameCompiles) {
  for (const std::string &name : cpuNames()) {
    SCOPED_TRACE(name);
    TargetDescription described = target(name);
    EXPECT_GE(described.vectorBytes, 16);
    EXPECT_GT(described.l1Bytes, 0);
    EXPECT_EQ(described.cores, 0); // of a processor by name nobody knows
  }
  EXPECT_GT(target("host").cores, 0);
  for (const char *name : {"znver4", "sapphirerapids", "sandybridge", "knl"}) {
    SCOPED_TRACE(name);
    llvm::Expected<CompiledModule> compiled =
        tryCompile(vectorOps, target(name));
    EXPECT_TRUE(static_cast<bool>(compiled))
        << llvm::toString(compiled.takeError());
  }
}

TEST_F(Cpu, HostFeaturesAreOnesTheHostHas) {
  std::set<std::string> present;
  FILE *file = fopen("/proc/cpuinfo", "r");
  ASSERT_NE(file, nullptr);
  char word[128];
  while (fscanf(file, "%127s", word) == 1)
    present.insert(word);
  EXPECT_EQ(fclose(file), 0);
  for (const std::string &feature : requiredFeatures(target()))
    EXPECT_TRUE(present.count(feature)) << feature;
}

TEST_F(Cpu, UnknownNamesGetSuggestions) {
  llvm::Expected<TargetDescription> wrong = describeCpu("znver44");
  ASSERT_FALSE(static_cast<bool>(wrong));
  std::string text = llvm::toString(wrong.takeError());
  EXPECT_THAT(text, HasSubstr("unknown processor 'znver44'"));
  EXPECT_THAT(text, HasSubstr("did you mean znver4"));
  llvm::Expected<TargetDescription> hopeless = describeCpu("");
  ASSERT_FALSE(static_cast<bool>(hopeless));
  llvm::consumeError(hopeless.takeError());
  llvm::Expected<TargetDescription> old = describeCpu("pentium3");
  ASSERT_FALSE(static_cast<bool>(old)); // not a 64-bit processor
  llvm::consumeError(old.takeError());
}

TEST_F(Cpu, ErrorsComeBack) {
  EXPECT_THAT(errorOf(R"(
func.func @step(%x: memref<?xf32> {fg.binding = 0 : i64}) { return })"),
              HasSubstr("expected a memref of static shape"));
  EXPECT_THAT(errorOf(R"(
func.func private @helper(f32) -> f32
func.func @step(%x: memref<f32> {fg.binding = 0 : i64}) {
  %a = memref.load %x[] : memref<f32>
  %b = func.call @helper(%a) : (f32) -> f32
  memref.store %b, %x[] : memref<f32>
  return
})"),
              HasSubstr("needs the function helper"));
  EXPECT_THAT(errorOf(R"(
func.func @step(%x: memref<f32> {fg.binding = 0 : i64}) {
  %a = memref.load %x[] : memref<f32>
  %b = "unheard.of"(%a) : (f32) -> f32
  memref.store %b, %x[] : memref<f32>
  return
})"),
              HasSubstr("has no lowering to machine code"));
  EXPECT_THAT(errorOf(R"(
func.func @step(%x: memref<f32> {fg.binding = 0 : i64}) {
  llvm.inline_asm has_side_effects "no such instruction", "" : () -> ()
  return
})"),
              HasSubstr("cannot generate code"));
  // Afterwards all still works.
  EXPECT_TRUE(compile(addTails, target()));
}

TEST_F(Cpu, CodeGeneratorCrashesComeBack) {
#if __has_feature(address_sanitizer)
  GTEST_SKIP() << "a crash leaks what was in use";
#endif
  // Vectors of unknown length are nothing for this processor; LLVM takes them
  // for a mistake of its caller and ends the process, unless it is held back.
  EXPECT_THAT(errorOf(R"(
func.func @step(%x: memref<64xf32> {fg.binding = 0 : i64}) {
  scf.forall (%i) in (4) {
    %a = vector.load %x[%i] : memref<64xf32>, vector<[4]xf32>
    %b = arith.mulf %a, %a : vector<[4]xf32>
    vector.store %b, %x[%i] : memref<64xf32>, vector<[4]xf32>
  }
  return
})"),
              HasSubstr("cannot generate code"));
  EXPECT_TRUE(compile(addTails, target()));
}

TEST_F(Cpu, CrashesOnOtherThreadsComeBack) {
#if __has_feature(address_sanitizer)
  GTEST_SKIP() << "a crash leaks what was in use";
#endif
  EXPECT_THAT(errorOf(manyKernels(64, 150, R"(
  scf.forall (%i) in (4) {
    %a = vector.load %x[%i] : memref<4xf32>, vector<[4]xf32>
    %b = arith.mulf %a, %a : vector<[4]xf32>
    vector.store %b, %x[%i] : memref<4xf32>, vector<[4]xf32>
  }
)")),
              HasSubstr("cannot generate code"));
  EXPECT_TRUE(compile(addTails, target()));
}

TEST_F(Cpu, ErrorsOfPartsComeBack) {
  EXPECT_THAT(errorOf(manyKernels(64, 150, R"(
  scf.forall (%i) in (4) {
    llvm.inline_asm has_side_effects "no such instruction", "" : () -> ()
  }
)")),
              HasSubstr("cannot generate code"));
  EXPECT_TRUE(compile(addTails, target()));
}

TEST_F(Cpu, LinkerErrorsComeBack) {
  llvm::Expected<std::string> linked = linkShared({"this is no object file"});
  ASSERT_FALSE(static_cast<bool>(linked));
  EXPECT_THAT(llvm::toString(linked.takeError()), HasSubstr("cannot link"));
  EXPECT_TRUE(compile(addTails, target()));
}

} // namespace
} // namespace foregrad::compiler
