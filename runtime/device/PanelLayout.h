//===- PanelLayout.h - Tensors in panels and row-major ----------*- C++ -*-===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
// Brings a tensor from one layout into the other, in its own memory.
//
//===----------------------------------------------------------------------===//
#ifndef FOREGRAD_RUNTIME_DEVICE_PANELLAYOUT_H
#define FOREGRAD_RUNTIME_DEVICE_PANELLAYOUT_H

#include "runtime/loader/Artifact.h"

#include <cstdint>
#include <span>

namespace foregrad::runtime {

/// `data` holds all of `tensor`, row-major or in `panels`, which are of that
/// tensor; `room` has room for one matrix (panels.elements()).
void toPanels(const TensorInfo &tensor, const PanelsInfo &panels, uint8_t *data,
              std::span<uint8_t> room);
void toRows(const TensorInfo &tensor, const PanelsInfo &panels, uint8_t *data,
            std::span<uint8_t> room);

} // namespace foregrad::runtime

#endif // FOREGRAD_RUNTIME_DEVICE_PANELLAYOUT_H
