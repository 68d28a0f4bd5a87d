//===- DiagnosisReportTest.cpp - What a diagnosis says --------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
#include "runtime/diagnose/DiagnosisReport.h"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

namespace foregrad::runtime {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

LayerDiagnosis makeLayer(const std::string &name, double cosine) {
  LayerDiagnosis layer;
  layer.name = name;
  layer.elements = 12;
  layer.units = 3;
  layer.acting = 7;
  layer.estimate.draws = 100;
  layer.estimate.exactSquare = 2;
  layer.estimate.variance = 8;
  layer.estimate.cosine = cosine;
  layer.estimate.alignment = 1;
  layer.estimate.norm = 1.5;
  layer.sampleVariance = 1;
  layer.predicted = 4;
  layer.outlook = {{1, 0.4}, {4, 0.7}, {16, 0.85}};
  layer.directionsWanted = 18;
  return layer;
}

Diagnosis makeDiagnosis() {
  Diagnosis diagnosis;
  diagnosis.model = "Tiny";
  diagnosis.rule = "fg-a:directions=1,perturbation=gaussian";
  diagnosis.exactRule = "bp";
  diagnosis.batch = 16;
  diagnosis.draws = 100;
  diagnosis.samples = 8;
  diagnosis.directions = 1;
  diagnosis.layers = {makeLayer("block0.a", 0.5),
                      makeLayer("block0.<b>", 0.25)};
  diagnosis.all = makeLayer("all", 0.3);
  diagnosis.exactLayers = {"readout"};
  return diagnosis;
}

TEST(DiagnosisReport, NamesTheHardestLayer) {
  std::string text = diagnosisText(makeDiagnosis());
  EXPECT_THAT(text, AllOf(HasSubstr("Tiny with fg-a:directions=1,perturbation="
                                    "gaussian against bp\n"),
                          HasSubstr("100 draws of 1 gaussian direction;"),
                          HasSubstr("Learned exactly, not shown: readout."),
                          HasSubstr("block0.<b> is the hardest layer: its "
                                    "cosine is 0.250 with 1 direction; 18 "
                                    "directions would give 0.9.")));
  // The ratio of measured to predicted: 8 / 4.
  EXPECT_THAT(text, testing::ContainsRegex(
                        "block0\\.a +12 +3 +0\\.500 [^\n]* 4 +2 +2 +0\\.700 "));
}

TEST(DiagnosisReport, SaysWhereThereIsNoGradient) {
  Diagnosis diagnosis = makeDiagnosis();
  EstimateSummary &estimate = diagnosis.layers[1].estimate;
  estimate.exactSquare = 0;
  estimate.cosine = estimate.norm = estimate.alignment = std::nullopt;
  diagnosis.layers[1].outlook = {
      {1, std::nullopt}, {4, std::nullopt}, {16, {}}};
  diagnosis.layers[1].directionsWanted.reset();
  std::string text = diagnosisText(diagnosis);
  EXPECT_THAT(text,
              AllOf(HasSubstr("loss of bp does not depend on it: block0.<b>."),
                    HasSubstr("block0.a is the hardest"), Not(HasSubstr("nan")),
                    Not(HasSubstr("inf"))));
  auto json = diagnosisJson(diagnosis);
  EXPECT_TRUE(json["layers"][1]["cosine"].is_null());
  EXPECT_TRUE(json["layers"][1]["relative_variance"].is_null());
  EXPECT_EQ(json["hardest"], "block0.a");
  EXPECT_THAT(diagnosisPage(diagnosis), Not(HasSubstr("nan")));

  diagnosis.layers.erase(diagnosis.layers.begin());
  EXPECT_THAT(diagnosisText(diagnosis), HasSubstr("0 for all layers"));
  EXPECT_TRUE(diagnosisJson(diagnosis)["hardest"].is_null());
}

TEST(DiagnosisReport, SaysWhereDirectionsDoNotHelp) {
  Diagnosis diagnosis = makeDiagnosis();
  EstimateSummary &estimate = diagnosis.layers[1].estimate;
  estimate.biasSquare = 1;
  diagnosis.layers[1].directionsWanted.reset();
  std::string text = diagnosisText(diagnosis);
  EXPECT_THAT(text, AllOf(HasSubstr(" biased "), HasSubstr("  never\n"),
                          HasSubstr("Biased, more than by chance: block0.<b>."),
                          HasSubstr("no number of directions would give 0.9")));
  EXPECT_EQ(diagnosisJson(diagnosis)["layers"][1]["biased"], true);
  diagnosis.layers[1].directionsWanted = 5000;
  EXPECT_THAT(diagnosisText(diagnosis), HasSubstr("fgc takes 4096 at most"));
}

TEST(DiagnosisReport, PlotsOnOnePage) {
  std::string page = diagnosisPage(makeDiagnosis());
  EXPECT_THAT(page,
              AllOf(HasSubstr("<!doctype html>"), HasSubstr("<rect "),
                    HasSubstr("<polyline "), HasSubstr("<table>"),
                    HasSubstr("block0.&lt;b&gt;"), Not(HasSubstr("block0.<b>")),
                    Not(HasSubstr("src=")), HasSubstr("</html>")));
  // Many layers: those with the lowest cosines are drawn.
  Diagnosis many = makeDiagnosis();
  for (int i = 0; i < 40; ++i)
    many.layers.push_back(
        makeLayer("more" + std::to_string(i), 0.3 + 0.01 * i));
  page = diagnosisPage(many);
  size_t curves = 0;
  for (size_t at = 0; (at = page.find("<polyline", at)) != std::string::npos;
       ++at)
    ++curves;
  EXPECT_EQ(curves, 12u);
  EXPECT_THAT(page, HasSubstr("the 11 hardest layers and all"));
}

TEST(DiagnosisReport, WithoutChanceThereAreAngles) {
  Diagnosis diagnosis = makeDiagnosis();
  diagnosis.directions = 0;
  diagnosis.draws = 1;
  std::string text = diagnosisText(diagnosis);
  EXPECT_THAT(text, AllOf(HasSubstr("nothing is perturbed"),
                          HasSubstr("60 deg"), Not(HasSubstr("Table 1")),
                          HasSubstr("its cosine is 0.250.")));
  EXPECT_FALSE(diagnosisJson(diagnosis)["layers"][0].contains("variance"));
  EXPECT_THAT(diagnosisPage(diagnosis), Not(HasSubstr("<polyline")));
}

TEST(DiagnosisReport, AnExactRuleNeedsNoTable) {
  Diagnosis diagnosis;
  diagnosis.model = "Tiny";
  diagnosis.rule = diagnosis.exactRule = "lg-bp";
  diagnosis.isExact = true;
  EXPECT_EQ(diagnosisText(diagnosis),
            "Tiny with lg-bp: the rule gives the exact gradient, there is "
            "nothing to compare.\n");
  EXPECT_EQ(diagnosisJson(diagnosis)["exact"], true);
  EXPECT_THAT(diagnosisPage(diagnosis), HasSubstr("nothing to compare"));
}

} // namespace
} // namespace foregrad::runtime
