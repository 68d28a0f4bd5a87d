//===- CompileReport.cpp - What a compiled model will take ----------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
#include "runtime/report/CompileReport.h"

#include "runtime/device/MemoryPlan.h"
#include "runtime/report/Page.h"

#include <algorithm>
#include <initializer_list>
#include <numeric>
#include <utility>

#include <fmt/ranges.h>

namespace foregrad::runtime {

namespace {

/// More bars than this say no more.
constexpr size_t mostBars = 12;

using Entries = std::vector<const EntryInfo *>;

/// Those of these names that the artifact has.
Entries entriesOf(const Artifact &artifact,
                  std::initializer_list<std::string_view> names) {
  Entries entries;
  for (std::string_view name : names)
    if (const EntryInfo *entry = artifact.findEntry(name))
      entries.push_back(entry);
  return entries;
}

/// What an artifact is for that cannot train.
Entries usedEntries(const Artifact &artifact) {
  Entries entries;
  for (const EntryInfo &entry : artifact.entries)
    if (entry.name != "init" && entry.name != "limit")
      entries.push_back(&entry);
  return entries;
}

std::string number(double value) { return fmt::format("{:.3g}", value); }

std::string threadsText(int threads) {
  return fmt::format("{} thread{}", threads, threads == 1 ? "" : "s");
}

std::string paragraph(std::string_view text) {
  return fmt::format("<p>{}</p>\n", escapeHtml(text));
}

std::string heading(int level, std::string_view text) {
  return fmt::format("<h{0}>{1}</h{0}>\n", level, escapeHtml(text));
}

/// Without the folder, as remarks name a place.
std::string placeOf(const KernelInfo &kernel) {
  return kernel.where.substr(kernel.where.rfind('/') + 1);
}

/// What one call of the entry does in a kernel.
double calls(const KernelInfo &kernel) {
  return static_cast<double>(kernel.trips);
}
double gflop(const KernelInfo &kernel) {
  return calls(kernel) * kernel.flops * 1e-9;
}
double megabytes(const KernelInfo &kernel) {
  return calls(kernel) * kernel.bytes * 1e-6;
}

std::string headTable(const Artifact &artifact,
                      std::span<const CodeOutlook> codes) {
  std::string html = "<table>\n";
  html += tableRow(
      "model", fmt::format("{}, from {}", artifact.model, artifact.sourceName));
  html += tableRow("rule", artifact.rule);
  html += tableRow("precision", nameOf(artifact.precision));
  html += tableRow("batch", std::to_string(artifact.batch));
  html += tableRow("compiler", artifact.compilerVersion);
  html += tableRow("command",
                   fmt::format("fgc {}", fmt::join(artifact.flags, " ")));
  for (const CodeOutlook &outlook : codes)
    html += tableRow("processor",
                     outlook.code->features.empty()
                         ? outlook.code->cpu
                         : fmt::format("{}, with {}", outlook.code->cpu,
                                       fmt::join(outlook.code->features, " ")));
  return html + "</table>\n";
}

Table kernelTable(const std::vector<KernelInfo> &kernels,
                  const std::optional<MachineLimit> &limit) {
  Table table;
  table.texts = 3;
  table.head = {"", "kernel", "at", "calls", "GFLOP", "MB"};
  if (limit)
    table.head.insert(table.head.end(), {"ms", "share"});
  const double all = limit ? limit->seconds(kernels) : 0;
  auto addTimes = [&](std::vector<std::string> &row, double seconds) {
    if (!limit)
      return;
    row.push_back(number(seconds * 1e3));
    row.push_back(all > 0 ? fmt::format("{:.1f} %", seconds / all * 100) : "");
  };
  uint64_t allCalls = 0;
  double allGflop = 0, allMegabytes = 0;
  for (const KernelInfo &kernel : kernels) {
    table.body.push_back({std::to_string(table.body.size() + 1), kernel.what,
                          placeOf(kernel), std::to_string(kernel.trips),
                          kernel.flops > 0 ? number(gflop(kernel)) : "",
                          number(megabytes(kernel))});
    addTimes(table.body.back(), limit ? limit->seconds(kernel) : 0);
    allCalls += kernel.trips;
    allGflop += gflop(kernel);
    allMegabytes += megabytes(kernel);
  }
  table.body.push_back({"", "all kernels", "", std::to_string(allCalls),
                        number(allGflop), number(allMegabytes)});
  addTimes(table.body.back(), all);
  return table;
}

/// The kernels that take longest, with their numbers in the table.
std::string plotKernels(const std::vector<KernelInfo> &kernels,
                        const MachineLimit &limit) {
  std::vector<size_t> order(kernels.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::ranges::sort(order, {}, [&](size_t i) {
    return std::pair(-limit.seconds(kernels[i]), i);
  });
  order.resize(std::min(order.size(), mostBars));
  std::vector<Bar> bars;
  for (size_t i : order)
    bars.push_back({fmt::format("{}: {}", i + 1, kernels[i].what),
                    limit.seconds(kernels[i]) * 1e3});
  if (bars.empty() || !(bars.front().value > 0))
    return "";
  return plotBars("Predicted ms of the kernels that take longest",
                  bars.front().value, bars);
}

std::string kernelSection(const EntryInfo &entry, const CodeOutlook &outlook) {
  const std::vector<KernelInfo> &kernels = outlook.code->entry(entry).kernels;
  std::string html = heading(3, fmt::format("Kernels of {}", entry.name));
  if (outlook.limit) {
    html += paragraph(fmt::format(
        "Predicted: {} ms for one {}, the sum of what its kernels take at "
        "least. A kernel's time is the longest of the times that its "
        "operations, its bytes and its random numbers take at the machine's "
        "limit; only what lies in first-level caches can be faster. The "
        "command fgrun bench --profile "
        "measures what each kernel does take.",
        number(outlook.limit->seconds(kernels) * 1e3), entry.name));
    html += plotKernels(kernels, *outlook.limit);
  }
  html += paragraph(fmt::format(
      "In the order of their calls, for all calls in one {}. GFLOP are those "
      "of products; MB are the buffers read and written, each element once a "
      "call.",
      entry.name));
  return html + htmlTable(kernelTable(kernels, outlook.limit));
}

std::vector<std::string> bytesRow(std::string name, uint64_t bytes) {
  return {std::move(name), std::to_string(bytes),
          fmt::format("{:.2f}", static_cast<double>(bytes) / (1 << 20))};
}

std::string memorySection(const Artifact &artifact, const CodeInfo &code,
                          const Entries &planned, int threads) {
  Table needs;
  needs.head = {"entry", "bytes of temporaries", "scratch bytes a thread"};
  for (const EntryInfo &entry : artifact.entries) {
    const EntryCodeInfo &compiled = code.entry(entry);
    needs.body.push_back({entry.name, std::to_string(compiled.arenaBytes),
                          std::to_string(compiled.scratchBytesPerWorker)});
  }

  const MemoryPlan plan = planMemory(artifact, code, planned, threads);
  auto bytesOf = [&](std::initializer_list<Role> roles) {
    uint64_t bytes = 0;
    for (const TensorInfo &tensor : artifact.tensors)
      if (plan.bound[tensor.index] &&
          std::ranges::find(roles, tensor.role) != roles.end())
        bytes += plannedBytes(tensor);
    return bytes;
  };
  Table sum;
  sum.head = {"", "bytes", "MiB"};
  sum.body = {
      bytesRow("parameters", bytesOf({Role::Parameter})),
      bytesRow("feedback weights", bytesOf({Role::Feedback})),
      bytesRow("optimizer state", bytesOf({Role::State})),
      bytesRow("batch", bytesOf({Role::Input, Role::Label})),
      bytesRow("results, numbers and perturbations",
               bytesOf({Role::Hyper, Role::Seed, Role::Step, Role::Output,
                        Role::Gradient, Role::Perturbation})),
      bytesRow("temporaries", plan.arena),
      bytesRow(fmt::format("scratch of {}", threadsText(threads)),
               plan.scratch),
      bytesRow("all", plan.total)};

  std::vector<std::string_view> names;
  for (const EntryInfo *entry : planned)
    names.push_back(entry->name);
  return heading(3, "Memory") +
         paragraph("Entries run one after the other, and share the memory of "
                   "their temporaries.") +
         htmlTable(needs) +
         paragraph(fmt::format("Planned for {} in one process, with {}:",
                               fmt::join(names, ", "), threadsText(threads))) +
         htmlTable(sum);
}

std::string codeSection(const Artifact &artifact, const CodeOutlook &outlook,
                        int threads) {
  const bool runs = outlook.whyNot.empty();
  std::string html = heading(2, fmt::format("Code for {}", outlook.code->cpu));
  const bool draws = outlook.limit && outlook.limit->draws > 0;
  if (!runs)
    html += paragraph(fmt::format("Nothing is known of its times, since this "
                                  "machine cannot run it: {}.",
                                  outlook.whyNot));
  else if (outlook.limit)
    html += paragraph(fmt::format(
        "The limit of this machine: {:.1f} GFLOP/s of multiply-adds in "
        "registers{} {:.1f} GB/s of copies in the second-level caches{}, "
        "measured by this code's own instructions on {}, as many as fgrun "
        "takes by itself.",
        outlook.limit->flops * 1e-9, draws ? "," : " and",
        outlook.limit->bytes * 1e-9,
        draws ? fmt::format(" and {:.0f} million random numbers a second",
                            outlook.limit->draws * 1e-6)
              : "",
        threadsText(threads)));
  else
    html += paragraph("Nothing is known of its times, since it cannot measure "
                      "the machine's limit.");
  Entries shown = entriesOf(artifact, {"step"});
  Entries planned = entriesOf(artifact, {"init", "step", "eval"});
  if (shown.empty())
    shown = planned = usedEntries(artifact);
  for (const EntryInfo *entry : shown)
    html += kernelSection(*entry, outlook);
  // How many threads another machine has is not known.
  return html +
         memorySection(artifact, *outlook.code, planned, runs ? threads : 1);
}

std::string remarkSection(const Artifact &artifact) {
  std::string html = heading(2, "Remarks");
  if (artifact.remarks.empty())
    return html + paragraph("The compiler has nothing to remark.");
  html += "<ul>\n";
  for (const std::string &remark : artifact.remarks)
    html += fmt::format("<li>{}</li>\n", escapeHtml(remark));
  return html + "</ul>\n";
}

} // namespace

std::string compileReportPage(const Artifact &artifact,
                              std::span<const CodeOutlook> codes, int threads) {
  std::string page =
      beginPage(fmt::format("{} with {}", artifact.model, artifact.rule));
  page += headTable(artifact, codes);
  for (const CodeOutlook &outlook : codes)
    page += codeSection(artifact, outlook, threads);
  return page + remarkSection(artifact) + "</html>\n";
}

} // namespace foregrad::runtime
