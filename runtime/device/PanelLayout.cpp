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

/// `isPacked`: the tensor lies in panels, and is to be row-major; else the
/// other way round.
static void rearrange(const TensorInfo &tensor, const PanelsInfo &panels,
                      uint8_t *data, std::span<uint8_t> room, bool isPacked) {
  size_t elementBytes = sizeOf(tensor.dtype);
  size_t bytes = panels.elements() * elementBytes;
  assert(room.size() >= bytes && "room for a matrix");
  for (uint8_t *matrix = data; matrix != data + tensor.bytes; matrix += bytes) {
    std::memcpy(room.data(), matrix, bytes);
    forPieces(panels, elementBytes,
              [&](size_t inRows, size_t inPanels, size_t count) {
                std::memcpy(matrix + (isPacked ? inRows : inPanels),
                            room.data() + (isPacked ? inPanels : inRows),
                            count);
              });
  }
}

void toPanels(const TensorInfo &tensor, const PanelsInfo &panels, uint8_t *data,
              std::span<uint8_t> room) {
  rearrange(tensor, panels, data, room, /*isPacked=*/false);
}

void toRows(const TensorInfo &tensor, const PanelsInfo &panels, uint8_t *data,
            std::span<uint8_t> room) {
  rearrange(tensor, panels, data, room, /*isPacked=*/true);
}

} // namespace foregrad::runtime
