//===- DTypeTest.cpp - Conversions of elements ----------------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
#include "runtime/support/DType.h"

#include "runtime/support/Checked.h"

#include <bit>
#include <cmath>
#include <vector>

#include <gtest/gtest.h>

namespace foregrad::runtime {
namespace {

TEST(DType, NamesAndSizes) {
  for (DType type : schema::EnumValuesDType())
    EXPECT_EQ(dtypeNamed(nameOf(type)), type);
  EXPECT_EQ(dtypeNamed("F16"), std::nullopt);
  EXPECT_EQ(sizeOf(DType::F64), 8u);
  EXPECT_EQ(sizeOf(DType::BF16), 2u);
}

uint16_t toBFloat16(double value) {
  uint16_t bits;
  convertElements(DType::F64, &value, DType::BF16, &bits, 1);
  return bits;
}

TEST(DType, RoundsToNearestEven) {
  EXPECT_EQ(toBFloat16(1.0), 0x3F80);
  EXPECT_EQ(toBFloat16(std::bit_cast<float>(0x3F808000u)), 0x3F80);
  EXPECT_EQ(toBFloat16(std::bit_cast<float>(0x3F818000u)), 0x3F82);
  EXPECT_EQ(toBFloat16(std::bit_cast<float>(0x3F808001u)), 0x3F81);
  EXPECT_EQ(toBFloat16(INFINITY), 0x7F80);
  EXPECT_TRUE(toBFloat16(NAN) > 0x7F80);
}

TEST(DType, CopiesTheSameTypeBitByBit) {
  uint32_t signalling = 0x7F800001, copy = 0;
  convertElements(DType::F32, &signalling, DType::F32, &copy, 1);
  EXPECT_EQ(copy, signalling);
}

TEST(DType, FindsNumbersThatAreNotFinite) {
  std::vector<float> values(100, 1.0f);
  EXPECT_TRUE(allFinite(DType::F32, values.data(), values.size()));
  values[99] = INFINITY;
  EXPECT_FALSE(allFinite(DType::F32, values.data(), values.size()));
  EXPECT_TRUE(allFinite(DType::F32, values.data(), 99));
  EXPECT_TRUE(allFinite(DType::U64, values.data(), 50));
}

TEST(Checked, FindsOverflow) {
  EXPECT_EQ(checkedMultiply(1u << 31, 1u << 31), uint64_t{1} << 62);
  EXPECT_EQ(checkedMultiply(UINT64_MAX, 2), std::nullopt);
  EXPECT_EQ(checkedAdd(UINT64_MAX, 1), std::nullopt);
  EXPECT_EQ(checkedProduct(std::vector<uint32_t>{}), 1u);
  EXPECT_EQ(checkedProduct(std::vector<uint32_t>{1u << 31, 1u << 31, 4}),
            std::nullopt);
}

} // namespace
} // namespace foregrad::runtime
