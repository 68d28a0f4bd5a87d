//===- TargetCode.cpp - From buffers to the code of one processor ---------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//

#include "compiler/driver/TargetCode.h"
#include "compiler/lowering/limit/LimitEntry.h"
#include "compiler/targets/Cpu.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Diagnostics.h"
#include "llvm/ADT/bit.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;

namespace foregrad::compiler {

namespace {

/// What an entry needs for temporaries.
struct Temporaries {
  uint64_t shared = 0, ofThread = 0; // bytes

  uint64_t total(uint64_t threads) const { return shared + threads * ofThread; }
};

} // namespace

/// Whether what an entry needs counts against the limit: what training calls.
static bool isLimited(StringRef entry) {
  return entry != "exact" && entry != kLimitEntry;
}

/// Of the entries that count, what the one needs that needs the most.
static Temporaries temporaries(ArrayRef<EntryCode> entries, uint64_t threads) {
  Temporaries most;
  for (const EntryCode &entry : entries) {
    if (!isLimited(entry.name))
      continue;
    Temporaries needed{entry.arenaBytes, entry.scratchBytes};
    if (needed.total(threads) > most.total(threads))
      most = needed;
  }
  return most;
}

/// What `program` needs with these tiles; nothing where a phase fails, which
/// will report it when it runs in earnest.
static std::optional<Temporaries> tryTile(ModuleOp program, PhaseOptions phases,
                                          int64_t tile, uint64_t threads) {
  phases.tile = tile;
  ScopedDiagnosticHandler silence(program.getContext(),
                                  [](Diagnostic &) { return success(); });
  OwningOpRef<ModuleOp> copy = program.clone();
  for (auto entry : llvm::make_early_inc_range(copy->getOps<func::FuncOp>()))
    if (!isLimited(entry.getName()))
      entry.erase();
  for (StringRef phase : targetPhases())
    if (failed(runPhase(phase, *copy, phases)))
      return std::nullopt;
  if (llvm::Error error = outlineEntries(*copy)) {
    llvm::consumeError(std::move(error));
    return std::nullopt;
  }
  return temporaries(plannedEntries(*copy), threads);
}

/// Makes tiles smaller until the temporaries keep the limit, with a thread for
/// each core, or one where the cores are not known. An error where even single
/// samples do not.
static llvm::Error fitTiles(ModuleOp program, TargetCodeOptions &options) {
  PhaseOptions &phases = options.phases;
  SmallVector<int64_t> tiles = {phases.tile};
  if (phases.tile == 0) // as chosen by itself, then ever smaller ones
    for (uint64_t tile = llvm::bit_floor(uint64_t(options.batch)); tile > 0;
         tile /= 2)
      tiles.push_back(static_cast<int64_t>(tile));
  auto threads =
      static_cast<uint64_t>(std::max<int64_t>(1, phases.target.cores));
  std::optional<Temporaries> needed;
  auto fits = [&](int64_t tile) {
    needed = tryTile(program, phases, tile, threads);
    if (!needed || needed->total(threads) > options.memoryLimit)
      return false;
    phases.tile = tile;
    return true;
  };
  if (fits(tiles.front()) || !needed)
    return llvm::Error::success();
  if (tiles.size() > 1 && fits(tiles.back())) {
    // Smaller tiles need less: halfway between those that were too large and
    // the largest one yet that was not, until nothing is between.
    size_t tooLarge = 0, fitting = tiles.size() - 1;
    while (fitting - tooLarge > 1) {
      size_t middle = (tooLarge + fitting) / 2;
      (fits(tiles[middle]) ? fitting : tooLarge) = middle;
    }
    return llvm::Error::success();
  }
  if (!needed)
    return llvm::Error::success();
  bool single = tiles.back() == 1;
  return llvm::createStringError(llvm::formatv(
      "--memory-limit {0}: the step needs {1} bytes of temporaries at batch "
      "{2} with {3} at a time{4} ({5} shared, {6} for each of {7})",
      options.memoryLimit, needed->total(threads), options.batch,
      single ? std::string("one sample")
             : std::to_string(tiles.back()) + " samples",
      single ? "" : "; a smaller --tile needs less", needed->shared,
      needed->ofThread,
      threads == 1 ? std::string("1 thread")
                   : std::to_string(threads) + " threads"));
}

/// Takes `module` to the LLVM dialect and says in `code` what its entries need.
/// False where the user wants to go no further.
static llvm::Expected<bool>
lower(ModuleOp module, const TargetCodeOptions &options, CompiledModule &code) {
  for (StringRef phase : targetPhases()) {
    if (failed(runPhase(phase, module, options.phases)))
      return internalError(phase);
    llvm::Expected<bool> goesOn = options.finish(phase, module);
    if (!goesOn || !*goesOn)
      return goesOn;
  }
  if (llvm::Error error = outlineEntries(module))
    return error;
  code.entries = plannedEntries(module);
  llvm::Expected<bool> goesOn = options.finish("outlined", module);
  if (!goesOn || !*goesOn)
    return goesOn;
  if (llvm::Error error = lowerEntries(module, options.phases.target))
    return error;
  return options.finish("llvm", module);
}

llvm::Error internalError(StringRef phase) {
  return llvm::createStringError(
      "internal error in the phase '" + phase +
      "'; please report it with the model and `--dump-phases DIR`");
}

llvm::Expected<std::optional<CompiledModule>>
compileForTarget(ModuleOp program, TargetCodeOptions options) {
  if (options.memoryLimit > 0)
    if (llvm::Error error = fitTiles(program, options))
      return error;
  OwningOpRef<ModuleOp> module = program.clone();
  CompiledModule code;
  llvm::Expected<bool> goesOn = lower(*module, options, code);
  if (!goesOn)
    return goesOn.takeError();
  if (!*goesOn)
    return std::nullopt;
  llvm::Expected<std::string> object =
      compileToSharedObject(*module, options.phases.target);
  if (!object)
    return object.takeError();
  code.sharedObject = std::move(*object);
  return code;
}

} // namespace foregrad::compiler
