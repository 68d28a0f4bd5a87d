//===- CompileReportTest.cpp - What a compiled model will take ------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
#include "runtime/report/CompileReport.h"

#include "tests/runtime/support/Fixtures.h"

#include <gmock/gmock.h>

namespace foregrad::runtime {
namespace {

using namespace tests;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

void addKernel(schema::EntryCodeT &entry, const std::string &what, double flops,
               double bytes, uint32_t loop, uint64_t trips) {
  auto kernel = std::make_unique<schema::KernelT>();
  kernel->what = what;
  kernel->where = "/models/a<b>.fg:3:7";
  kernel->flops = flops;
  kernel->bytes = bytes;
  kernel->loop = loop;
  kernel->trips = trips;
  entry.kernels.push_back(std::move(kernel));
}

schema::ArtifactT describe() {
  schema::ArtifactT description = describeModel();
  description.rule = "test-rule & more";
  description.flags = {"a<b>.fg", "-o", "it's.fgb"};
  schema::EntryCodeT &step = entryCodeOf(description, "step");
  addKernel(step, "rows 4 x 3", 0, 5e6, 0, 1);
  addKernel(step, "product 2 x 2", 2e9, 5e6, 1, 3);
  addKernel(step, "panels <of> 2", 0, 15e6, 1, 3);
  return description;
}

std::string pageOf(const Artifact &artifact, std::optional<MachineLimit> limit,
                   const std::string &whyNot = "") {
  const CodeOutlook outlook = {&artifact.code.front(), whyNot, limit};
  return compileReportPage(artifact, {&outlook, 1}, 2);
}

std::string cells(std::initializer_list<std::string_view> numbers) {
  std::string html;
  for (std::string_view number : numbers)
    html += fmt::format("<td class='n'>{}</td>", number);
  return html + "</tr>";
}

TEST(CompileReport, PredictsTheLongerOfOperationsAndBytes) {
  const Artifact artifact = parseModel(describe());
  // Each byte takes as long as 20 operations: 1, 3 * 20 and 3 * 3 ms.
  const std::string page = pageOf(artifact, MachineLimit{100e9, 5e9});
  EXPECT_THAT(page,
              AllOf(HasSubstr("100.0 GFLOP/s of multiply-adds in registers "
                              "and 5.0 GB/s of copies"),
                    HasSubstr("on 2 threads"),
                    HasSubstr("Predicted: 70 ms for one step")));
  EXPECT_THAT(page, Not(HasSubstr("random numbers a second")));
  EXPECT_THAT(pageOf(artifact, MachineLimit{100e9, 5e9, 2e6}),
              HasSubstr("registers, 5.0 GB/s of copies in the second-level "
                        "caches and 2 million random numbers a second, "));
  EXPECT_THAT(page, HasSubstr("rows 4 x 3</td><td>a&lt;b&gt;.fg:3:7</td>" +
                              cells({"1", "", "5", "1", "1.4 %"})));
  EXPECT_THAT(page, HasSubstr("product 2 x 2</td><td>a&lt;b&gt;.fg:3:7</td>" +
                              cells({"3", "6", "15", "60", "85.7 %"})));
  EXPECT_THAT(page, HasSubstr("all kernels</td><td></td>" +
                              cells({"7", "6", "65", "70", "100.0 %"})));
  // The longest first, with their numbers in the table.
  const size_t product = page.find("2: product 2 x 2");
  const size_t panels = page.find("3: panels &lt;of&gt; 2");
  const size_t rows = page.find("1: rows 4 x 3");
  EXPECT_LT(product, panels);
  EXPECT_LT(panels, rows);
  EXPECT_LT(rows, page.find("<td>1</td>"));
}

TEST(CompileReport, EscapesAllThatUsersName) {
  const Artifact artifact = parseModel(describe());
  const std::string page = pageOf(artifact, MachineLimit{1, 1});
  EXPECT_THAT(page,
              AllOf(HasSubstr("<td>generic"), HasSubstr("test-rule &amp; more"),
                    HasSubstr("fgc a&lt;b&gt;.fg -o it&#39;s.fgb"),
                    HasSubstr("panels &lt;of&gt; 2"), Not(HasSubstr("<b>")),
                    Not(HasSubstr("<of>")), Not(HasSubstr("src=")),
                    HasSubstr("</html>")));
}

TEST(CompileReport, SaysWhyNoTimesAreKnown) {
  const Artifact artifact = parseModel(describe());
  for (const std::string &page :
       {pageOf(artifact, std::nullopt, "it is for <another>"),
        pageOf(artifact, std::nullopt)}) {
    EXPECT_THAT(page, HasSubstr("product 2 x 2</td><td>a&lt;b&gt;.fg:3:7</td>" +
                                cells({"3", "6", "15"})));
    EXPECT_THAT(page, AllOf(Not(HasSubstr("Predicted")),
                            Not(HasSubstr(">share<")), Not(HasSubstr("<svg"))));
  }
  EXPECT_THAT(pageOf(artifact, std::nullopt, "it is for <another>"),
              AllOf(HasSubstr("cannot run it: it is for &lt;another&gt;."),
                    HasSubstr("in one process, with 1 thread:")));
  EXPECT_THAT(pageOf(artifact, std::nullopt),
              AllOf(HasSubstr("cannot measure the machine"),
                    HasSubstr("in one process, with 2 threads:")));
}

TEST(CompileReport, AddsUpTheMemoryOfTraining) {
  schema::ArtifactT description = describe();
  entryCodeOf(description, "step").arena_bytes = 1 << 20;
  entryCodeOf(description, "gradient").arena_bytes = 1 << 24;
  const Artifact artifact = parseModel(std::move(description));
  const std::string page = pageOf(artifact, std::nullopt);
  EXPECT_THAT(page, HasSubstr("gradient</td>" + cells({"16777216", "256"})));
  EXPECT_THAT(page, HasSubstr("Planned for init, step, eval in one process"));
  auto row = [](std::string_view name, uint64_t bytes, std::string_view mib) {
    return fmt::format("<tr><td>{}</td>{}", name,
                       cells({std::to_string(bytes), mib}));
  };
  EXPECT_THAT(page, AllOf(HasSubstr(row("parameters", 2624, "0.00")),
                          HasSubstr(row("feedback weights", 2560, "0.00")),
                          HasSubstr(row("optimizer state", 2560, "0.00")),
                          HasSubstr(row("batch", 4160, "0.00"))));
  // rate, momentum, loss, seed, step: a cache line each; logits, losses.
  EXPECT_THAT(
      page, AllOf(HasSubstr(row("results, numbers and perturbations",
                                5 * 64 + 640 + 64, "0.00")),
                  HasSubstr(row("temporaries", 1 << 20, "1.00")),
                  HasSubstr(row("scratch of 2 threads", 512, "0.00")),
                  HasSubstr(row(
                      "all", (1 << 20) + 512 + 2624 + 2560 + 2560 + 4160 + 1024,
                      "1.01"))));
}

TEST(CompileReport, AnArtifactThatCannotTrainShowsWhatItCan) {
  schema::ArtifactT description = describe();
  addKernel(entryCodeOf(description, "predict"), "nothing", 0, 0, 0, 1);
  for (auto *name : {"step", "gradient", "perturbation", "eval"}) {
    auto &entries = description.entries;
    auto found = std::ranges::find_if(
        entries, [&](const auto &entry) { return entry->name == name; });
    description.code[0]->entries.erase(description.code[0]->entries.begin() +
                                       (found - entries.begin()));
    entries.erase(found);
  }
  const std::string page =
      pageOf(parseModel(std::move(description)), MachineLimit{1e9, 1e9});
  EXPECT_THAT(page, AllOf(HasSubstr("Kernels of predict"),
                          HasSubstr("Planned for predict in one process"),
                          Not(HasSubstr("Kernels of init")),
                          Not(HasSubstr("nan")), Not(HasSubstr("<svg"))));
}

TEST(CompileReport, ListsTheRemarks) {
  schema::ArtifactT description = describe();
  EXPECT_THAT(pageOf(parseModel(describe()), std::nullopt),
              HasSubstr("nothing to remark"));
  description.remarks = {"a.fg:3:7: not <fused>"};
  EXPECT_THAT(pageOf(parseModel(std::move(description)), std::nullopt),
              AllOf(HasSubstr("<li>a.fg:3:7: not &lt;fused&gt;</li>"),
                    Not(HasSubstr("nothing to remark"))));
}

} // namespace
} // namespace foregrad::runtime
