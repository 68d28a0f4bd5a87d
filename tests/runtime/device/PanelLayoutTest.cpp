//===- PanelLayoutTest.cpp - Tensors in panels and row-major --------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
#include "runtime/device/PanelLayout.h"

#include "runtime/support/DType.h"

#include <gtest/gtest.h>

namespace foregrad::runtime {
namespace {

TEST(PanelLayout, IsAPermutationOfEachMatrix) {
  const std::vector<uint16_t> rows = {1,  2,  3,  4,  5,  //
                                      6,  7,  8,  9,  10, //
                                      11, 12, 13, 14, 15, //
                                      16, 17, 18, 19, 20};
  const std::vector<uint16_t> panels = {
      1,  2,  6,  7,  3,  4,  8,  9,  5,  10, //
      11, 12, 16, 17, 13, 14, 18, 19, 15, 20};
  const PanelsInfo layout{0, 2, {2, 2, 1}};
  TensorInfo tensor;
  tensor.dtype = DType::BF16;
  tensor.elements = rows.size();
  tensor.bytes = tensor.elements * sizeOf(tensor.dtype);
  std::vector<uint16_t> data = rows;
  std::vector<uint8_t> room(layout.elements() * sizeOf(tensor.dtype));
  auto *bytes = reinterpret_cast<uint8_t *>(data.data());
  toPanels(tensor, layout, bytes, room);
  EXPECT_EQ(data, panels);
  toRows(tensor, layout, bytes, room);
  EXPECT_EQ(data, rows);
}

} // namespace
} // namespace foregrad::runtime
