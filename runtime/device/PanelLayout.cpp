//===- PanelLayout.cpp - Tensors in panels and row-major ------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
#include "runtime/device/PanelLayout.h"

#include "runtime/support/DType.h"

#include <cassert>
#include <cstring>
#include <numeric>

namespace foregrad::runtime {

/// Calls move(inRows, inPanels, bytes) for what lies together in both layouts
/// of a matrix, with its place in each, in bytes.
template <typename Move>
static void forPieces(const PanelsInfo &panels, size_t elementBytes,
                      Move move) {
  size_t columns =
      std::accumulate(panels.widths.begin(), panels.widths.end(), size_t{0});
  size_t inPanels = 0, firstColumn = 0;
  for (size_t width : panels.widths) {
    for (size_t row = 0; row < panels.depth; ++row) {
      move((row * columns + firstColumn) * elementBytes, inPanels,
           width * elementBytes);
      inPanels += width * elementBytes;
    }
    firstColumn += width;
  }
}

/// Calls rearrange(matrix) for each matrix of the tensor, whose bytes `room`
/// then holds as well.
template <typename Rearrange>
static void forMatrices(const TensorInfo &tensor, const PanelsInfo &panels,
                        uint8_t *data, std::span<uint8_t> room,
                        Rearrange rearrange) {
  size_t bytes = panels.elements() * sizeOf(tensor.dtype);
  assert(room.size() >= bytes && "room for a matrix");
  for (size_t first = 0; first < tensor.bytes; first += bytes) {
    std::memcpy(room.data(), data + first, bytes);
    rearrange(data + first);
  }
}

void toPanels(const TensorInfo &tensor, const PanelsInfo &panels, uint8_t *data,
              std::span<uint8_t> room) {
  forMatrices(tensor, panels, data, room, [&](uint8_t *matrix) {
    forPieces(panels, sizeOf(tensor.dtype),
              [&](size_t inRows, size_t inPanels, size_t bytes) {
                std::memcpy(matrix + inPanels, room.data() + inRows, bytes);
              });
  });
}

void toRows(const TensorInfo &tensor, const PanelsInfo &panels, uint8_t *data,
            std::span<uint8_t> room) {
  forMatrices(tensor, panels, data, room, [&](uint8_t *matrix) {
    forPieces(panels, sizeOf(tensor.dtype),
              [&](size_t inRows, size_t inPanels, size_t bytes) {
                std::memcpy(matrix + inRows, room.data() + inPanels, bytes);
              });
  });
}

} // namespace foregrad::runtime
