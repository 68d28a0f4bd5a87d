//===- Images.h - Image files as samples ------------------------*- C++ -*-===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
#ifndef FOREGRAD_RUNTIME_DATA_IMAGES_H
#define FOREGRAD_RUNTIME_DATA_IMAGES_H

#include "runtime/data/Dataset.h"
#include "runtime/data/ImageFile.h"

#include <memory>
#include <string>
#include <vector>

namespace foregrad::runtime {

/// Images of the test split, in this order, with label 0, decoded to `size`.
/// Throws Error where a file is no image or has another height or width.
std::unique_ptr<Dataset> openImageFiles(const std::vector<std::string> &paths,
                                        const ImageSize &size);

/// Of what size image files must be for the input of `artifact`: [height,
/// width] or [height, width, color], of bytes. Throws Error for any other.
ImageSize imageSizeFor(const Artifact &artifact);

} // namespace foregrad::runtime

#endif // FOREGRAD_RUNTIME_DATA_IMAGES_H
