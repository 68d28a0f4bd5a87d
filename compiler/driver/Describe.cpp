//===- Describe.cpp - What an artifact says of itself ---------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//

#include "compiler/driver/Describe.h"
#include "compiler/lowering/limit/LimitEntry.h"
#include "compiler/targets/Cpu.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"
#include <set>

using namespace mlir;

namespace foregrad::compiler {

/// The model's text; the files that it takes in follow, each behind a line with
/// its name.
static std::string joinSources(const lang::Result &model) {
  std::string text;
  for (const auto &[name, content] : model.sources) {
    if (!text.empty())
      text += ("// ---- file " + llvm::sys::path::filename(name) + "\n").str();
    text += content;
  }
  return text;
}

static std::unique_ptr<schema::HyperT> makeHyper(const fg::HyperInfo &info,
                                                 const lang::Recipe &recipe) {
  auto hyper = std::make_unique<schema::HyperT>();
  hyper->name = info.name.str();
  hyper->value = info.value;
  for (const lang::Recipe::Entry &entry : recipe.getEntries())
    if (entry.key == info.name)
      hyper->value = recipe.getNumber(info.name);
  hyper->least = info.least;
  hyper->most = info.most;
  hyper->help = info.help.str();
  return hyper;
}

static schema::Law lawOf(Perturbation perturbation) {
  switch (perturbation) {
  case Perturbation::Gaussian:
    return schema::Law::Gaussian;
  case Perturbation::Rademacher:
    return schema::Law::Rademacher;
  case Perturbation::Orthogonal:
    return schema::Law::Orthogonal;
  }
  llvm_unreachable("no law");
}

static std::unique_ptr<schema::EstimateT> makeEstimate(const RuleChoice &rule) {
  auto estimate = std::make_unique<schema::EstimateT>();
  estimate->exact_rule = exactCounterpart(rule).value_or(rule).text();
  if (rule.info->perturbs) {
    estimate->directions = static_cast<uint32_t>(rule.options.directions);
    estimate->law = lawOf(rule.options.perturbation);
  }
  return estimate;
}

void describeModel(const lang::Result &model, const CompileOptions &options,
                   const RuleChoice &rule, const OptimizerInfo &optimizer,
                   schema::ArtifactT &artifact) {
  artifact.compiler_version = compilerVersion();
  artifact.flags = options.commandLine;
  artifact.source_name = llvm::sys::path::filename(options.input).str();
  artifact.source = joinSources(model);
  artifact.model = model.modelName;
  artifact.rule = rule.text();
  artifact.precision = options.precision == "f64"    ? schema::DType::F64
                       : options.precision == "bf16" ? schema::DType::BF16
                                                     : schema::DType::F32;
  artifact.batch = static_cast<uint32_t>(model.recipe.getBatch());
  artifact.classes = model.classNames;
  artifact.estimate = makeEstimate(rule);

  std::vector<fg::HyperInfo> hypers(optimizer.options.hypers);
  llvm::append_range(hypers, fg::kRateGroups);
  std::set<std::string> numbers;
  for (const fg::HyperInfo &info : hypers) {
    artifact.hypers.push_back(makeHyper(info, model.recipe));
    numbers.insert(info.name.str());
  }
  for (const auto &[key, value] : model.recipe.getEntries()) {
    if (numbers.contains(key))
      continue;
    auto entry = std::make_unique<schema::KeyValueT>();
    entry->key = key;
    entry->value = key == "rule" ? artifact.rule : value;
    artifact.recipe.push_back(std::move(entry));
  }
}

/// "normal(0.0714286)".
static std::string describeNormal(double deviation) {
  std::string text;
  llvm::raw_string_ostream(text) << llvm::format("normal(%.6g)", deviation);
  return text;
}

static schema::DType typeOf(Type element) {
  if (element.isF64())
    return schema::DType::F64;
  if (element.isBF16())
    return schema::DType::BF16;
  if (element.isInteger(8))
    return schema::DType::U8;
  if (element.isInteger(32))
    return schema::DType::I32;
  if (element.isInteger(64))
    return schema::DType::U64; // seeds and steps
  return schema::DType::F32;
}

namespace {

/// Collects the buffers of all entries.
class TensorTable {
public:
  TensorTable(ModuleOp module, schema::ArtifactT &result) : artifact(result) {
    module.walk([&](fg::ParameterOp parameter) {
      inits[parameter.getPath()] =
          parameter.getInit() == fg::Init::Zero
              ? "zero"
              : describeNormal(parameter.getScale().convertToDouble());
    });
    module.walk([&](fg::FeedbackOp feedback) {
      inits[feedback.getPath()] =
          describeNormal(feedback.getScale().convertToDouble());
    });
    module.walk([&](fg::InputOp input) {
      if (input.getBytes())
        byteInputs.insert(input.getName().str());
    });
  }

  /// The number of the tensor called `name`, or an error if it has another
  /// shape or role elsewhere.
  llvm::Expected<uint32_t> add(StringRef name, fg::Role role,
                               fg::ArrayType type) {
    auto tensor = std::make_unique<schema::TensorT>();
    tensor->name = name.str();
    tensor->role = static_cast<schema::Role>(role);
    tensor->dtype = typeOf(type.getElementType());
    tensor->source =
        byteInputs.contains(name.str()) ? schema::DType::U8 : tensor->dtype;
    tensor->init = inits.lookup(name);
    for (fg::AxisAttr axis : type.getAxes()) {
      tensor->shape.push_back(static_cast<uint32_t>(axis.getSize()));
      tensor->axes.push_back(axis.getName().str());
    }
    auto [found, isNew] = numbers.try_emplace(
        name, static_cast<uint32_t>(artifact.tensors.size()));
    if (isNew) {
      artifact.tensors.push_back(std::move(tensor));
    } else {
      const schema::TensorT &known = *artifact.tensors[found->second];
      if (known.role != tensor->role || known.shape != tensor->shape ||
          known.dtype != tensor->dtype)
        return llvm::createStringError("two things in the model are called '" +
                                       name + "'; rename one of them");
    }
    return found->second;
  }

private:
  schema::ArtifactT &artifact;
  llvm::StringMap<uint32_t> numbers;
  llvm::StringMap<std::string> inits;
  std::set<std::string> byteInputs;
};

} // namespace

static llvm::Error describeEntry(fg::EntryOp op, TensorTable &table,
                                 schema::EntryT &entry) {
  auto bind = [&](StringRef name, fg::Role role, fg::ArrayType type,
                  bool writes) -> llvm::Error {
    llvm::Expected<uint32_t> number = table.add(name, role, type);
    if (!number)
      return number.takeError();
    auto known = llvm::find(entry.bindings, *number);
    if (known == entry.bindings.end()) {
      entry.bindings.push_back(*number);
      entry.writes.push_back(writes);
    } else if (writes) {
      entry.writes[known - entry.bindings.begin()] = 1;
    }
    return llvm::Error::success();
  };
  for (Operation &inner : op.getBody().front()) {
    if (auto read = dyn_cast<fg::ReadOp>(inner)) {
      if (llvm::Error error =
              bind(read.getName(), read.getRole(),
                   fg::arrayType(read.getResult()), /*writes=*/false))
        return error;
    } else if (auto write = dyn_cast<fg::WriteOp>(inner)) {
      if (llvm::Error error =
              bind(write.getName(), write.getRole(),
                   fg::arrayType(write.getValue()), /*writes=*/true))
        return error;
    }
  }
  return llvm::Error::success();
}

/// A number that no entry reads cannot be set: a model without local heads has
/// no `head_rate`.
static void dropUnusedHypers(schema::ArtifactT &artifact) {
  llvm::erase_if(artifact.hypers, [&](const auto &hyper) {
    return llvm::none_of(artifact.tensors, [&](const auto &tensor) {
      return tensor->role == schema::Role::Hyper && tensor->name == hyper->name;
    });
  });
}

static std::unique_ptr<schema::PerturbedT>
makePerturbed(fg::PerturbedOp op, const schema::ArtifactT &artifact) {
  auto perturbed = std::make_unique<schema::PerturbedT>();
  perturbed->name = op.getName().str();
  perturbed->units = op.getUnits();
  perturbed->acting = op.getActing();
  perturbed->loss = op.getLoss().str();
  perturbed->shared = op.getShared();
  for (auto path : op.getParameters().getAsRange<StringAttr>())
    for (auto [number, tensor] : llvm::enumerate(artifact.tensors))
      if (tensor->name == path.getValue())
        perturbed->parameters.push_back(static_cast<uint32_t>(number));
  return perturbed;
}

llvm::Error describeEntries(ModuleOp module, schema::ArtifactT &artifact) {
  TensorTable table(module, artifact);
  for (auto op : module.getOps<fg::EntryOp>()) {
    auto entry = std::make_unique<schema::EntryT>();
    entry->name = op.getName().str();
    if (llvm::Error error = describeEntry(op, table, *entry))
      return error;
    artifact.entries.push_back(std::move(entry));
  }
  auto limit = std::make_unique<schema::EntryT>(); // written with the kernels
  limit->name = kLimitEntry.str();
  artifact.entries.push_back(std::move(limit));
  dropUnusedHypers(artifact);
  module.walk([&](fg::PerturbedOp op) {
    artifact.estimate->perturbed.push_back(makePerturbed(op, artifact));
  });
  // A model of nothing but heads has nothing to perturb.
  if (artifact.estimate->perturbed.empty())
    artifact.estimate->directions = 0;
  // Classes without names are called by their numbers.
  if (artifact.classes.empty())
    for (const auto &tensor : artifact.tensors)
      if (tensor->name == "logits")
        for (uint32_t i = 0; i < tensor->shape.back(); ++i)
          artifact.classes.push_back(std::to_string(i));
  return llvm::Error::success();
}

static std::unique_ptr<schema::EntryCodeT>
makeEntryCode(const EntryCode &compiled,
              const llvm::StringMap<uint32_t> &tensors) {
  auto entry = std::make_unique<schema::EntryCodeT>();
  entry->symbol = compiled.symbol;
  entry->arena_bytes = compiled.arenaBytes;
  entry->scratch_bytes_per_worker = compiled.scratchBytes;
  entry->flops = compiled.flops;
  for (const KernelCode &kernel : compiled.kernels) {
    auto described = std::make_unique<schema::KernelT>();
    described->what = kernel.what;
    described->where = kernel.where;
    described->flops = kernel.flops;
    described->bytes = kernel.bytes;
    described->loop = kernel.loop;
    described->trips = kernel.trips;
    described->chain = kernel.chain;
    described->draws = kernel.draws;
    entry->kernels.push_back(std::move(described));
  }
  for (const auto &[name, panels] : compiled.panels) {
    auto described = std::make_unique<schema::PanelsT>();
    described->tensor = tensors.at(name);
    described->depth = static_cast<uint32_t>(panels.depth);
    described->widths.assign(panels.widths.begin(), panels.widths.end());
    entry->panels.push_back(std::move(described));
  }
  return entry;
}

llvm::Error describeCode(const CompiledModule &compiled,
                         const TargetDescription &target, uint32_t segment,
                         schema::ArtifactT &artifact) {
  auto code = std::make_unique<schema::CodeT>();
  code->target = "cpu";
  code->triple = target.triple;
  code->cpu = target.cpu;
  code->features = requiredFeatures(target);
  code->segment = segment;
  llvm::StringMap<uint32_t> tensors;
  for (const auto &tensor : artifact.tensors)
    tensors.try_emplace(tensor->name, static_cast<uint32_t>(tensors.size()));
  for (const auto &entry : artifact.entries) {
    auto found = llvm::find_if(compiled.entries, [&](const EntryCode &one) {
      return one.name == entry->name;
    });
    if (found == compiled.entries.end())
      return llvm::createStringError("internal error: no code for the entry '" +
                                     entry->name + "'");
    code->entries.push_back(makeEntryCode(*found, tensors));
  }
  artifact.code.push_back(std::move(code));
  return llvm::Error::success();
}

LogicalResult checkNames(ModuleOp module, const OptimizerInfo &optimizer) {
  std::set<StringRef> taken = {"seed",   "step",   "loss",
                               "logits", "losses", "probabilities"};
  for (const fg::HyperInfo &hyper : optimizer.options.hypers)
    taken.insert(hyper.name);
  for (const fg::HyperInfo &group : fg::kRateGroups)
    taken.insert(group.name);
  WalkResult walked = module.walk([&](Operation *op) {
    if (!isa<fg::InputOp, fg::LabelOp>(op))
      return WalkResult::advance();
    StringRef name = op->getAttrOfType<StringAttr>("name").getValue();
    if (!taken.contains(name))
      return WalkResult::advance();
    bool isInput = isa<fg::InputOp>(op);
    InFlightDiagnostic error =
        emitError(op->getLoc(), isInput ? "the input" : "the label")
        << " cannot be called '" << name << "'";
    error.attachNote() << "something of the training step has this name "
                          "already; take another one, such as "
                       << (isInput ? "'image'" : "'class'");
    return WalkResult::interrupt();
  });
  return failure(walked.wasInterrupted());
}

} // namespace foregrad::compiler
