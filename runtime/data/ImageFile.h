//===- ImageFile.h - JPEG and PNG files -------------------------*- C++ -*-===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
#ifndef FOREGRAD_RUNTIME_DATA_IMAGEFILE_H
#define FOREGRAD_RUNTIME_DATA_IMAGEFILE_H

#include "runtime/io/File.h"

#include <cstdint>
#include <span>
#include <string>

namespace foregrad::runtime {

/// What an image file says of itself.
struct ImageSize {
  uint32_t height = 0, width = 0;
  uint32_t colors = 0; ///< 1 for grey, or 3

  bool operator==(const ImageSize &) const = default;
};

/// A file that begins like a JPEG or PNG image, which its name need not say.
class ImageFile {
public:
  /// Reads the file and its header. Throws Error, as decode does.
  explicit ImageFile(const std::string &path);

  const ImageSize &size() const { return header; }

  /// Writes the pixels, row by row, each of `colors` bytes (1 or 3): grey as
  /// three equal ones, red, green and blue as their luma (ITU-R BT.601). What
  /// is transparent lies on black. `to` has height * width * colors bytes.
  void decode(uint32_t colors, std::span<uint8_t> to) const;

private:
  void readJpegHeader();
  void readPngHeader();
  void decodeJpeg(uint32_t colors, std::span<uint8_t> to) const;
  void decodePng(uint32_t colors, std::span<uint8_t> to) const;

  std::string path;
  AlignedBytes bytes;
  bool isJpeg = false;
  ImageSize header;
};

} // namespace foregrad::runtime

#endif // FOREGRAD_RUNTIME_DATA_IMAGEFILE_H
