//===- ImageFile.cpp - JPEG and PNG files ---------------------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/ImageFile.h"

#include "runtime/support/Error.h"

#include <memory>
#include <vector>

#include <png.h>
#include <turbojpeg.h>

namespace foregrad::runtime {

namespace {

constexpr uint64_t maximalFile = uint64_t{1} << 28;
/// A small file can claim any size.
constexpr uint64_t maximalPixels = uint64_t{1} << 28;

constexpr std::string_view jpegStart = "\xff\xd8\xff";
constexpr std::string_view pngStart = "\x89PNG\r\n\x1a\n";

struct EndJpeg {
  void operator()(void *reader) const { tjDestroy(reader); }
};
using JpegReader = std::unique_ptr<void, EndJpeg>;

/// libpng's own account of an image that is being read.
struct PngReader {
  png_image image{};

  PngReader(const std::string &path, const AlignedBytes &bytes) {
    image.version = PNG_IMAGE_VERSION;
    if (!png_image_begin_read_from_memory(&image, bytes.data(), bytes.size()))
      fail("{}: is no PNG image that can be read: {}", path, image.message);
    // Numbers of 16 bits are as bright as those of 8, unless the file says
    // something else.
    image.flags |= PNG_IMAGE_FLAG_16BIT_sRGB;
  }
  PngReader(const PngReader &) = delete;
  PngReader &operator=(const PngReader &) = delete;
  ~PngReader() { png_image_free(&image); }
};

/// Luma of red, green and blue; of equal ones what they are.
uint8_t lumaOf(const uint8_t *pixel) {
  return static_cast<uint8_t>(
      (299u * pixel[0] + 587u * pixel[1] + 114u * pixel[2] + 500u) / 1000u);
}

} // namespace

ImageFile::ImageFile(const std::string &file)
    : path(file), bytes(readFile(file, maximalFile)) {
  const std::string_view start(reinterpret_cast<const char *>(bytes.data()),
                               bytes.size());
  if (start.starts_with(jpegStart)) {
    isJpeg = true;
    readJpegHeader();
  } else if (start.starts_with(pngStart)) {
    readPngHeader();
  } else {
    failAt(path, 0, "a JPEG or PNG image", "something else");
  }
  if (header.height == 0 || header.width == 0 ||
      uint64_t{header.height} * header.width > maximalPixels)
    fail("{}: expected an image of 1 to {} pixels, found {} x {}", path,
         maximalPixels, header.height, header.width);
}

void ImageFile::readJpegHeader() {
  const JpegReader reader(tjInitDecompress());
  int width = 0, height = 0, subsampling = 0, space = 0;
  if (!reader ||
      tjDecompressHeader3(reader.get(), bytes.data(), bytes.size(), &width,
                          &height, &subsampling, &space) != 0)
    fail("{}: is no JPEG image that can be read: {}", path,
         tjGetErrorStr2(reader.get()));
  if (space == TJCS_CMYK || space == TJCS_YCCK)
    fail("{}: expected a JPEG image that is grey or of red, green and blue, "
         "found one of the four colours of printers",
         path);
  header = {static_cast<uint32_t>(height), static_cast<uint32_t>(width),
            space == TJCS_GRAY ? 1u : 3u};
}

void ImageFile::readPngHeader() {
  const PngReader reader(path, bytes);
  header = {reader.image.height, reader.image.width,
            (reader.image.format & PNG_FORMAT_FLAG_COLOR) != 0 ? 3u : 1u};
}

void ImageFile::decode(uint32_t colors, std::span<uint8_t> to) const {
  if (isJpeg)
    decodeJpeg(colors, to);
  else
    decodePng(colors, to);
}

void ImageFile::decodeJpeg(uint32_t colors, std::span<uint8_t> to) const {
  const JpegReader reader(tjInitDecompress());
  // A warning is a failure too: what is missing of an image would be grey.
  if (!reader || tjDecompress2(reader.get(), bytes.data(), bytes.size(),
                               to.data(), static_cast<int>(header.width),
                               /*pitch=*/0, static_cast<int>(header.height),
                               colors == 1 ? TJPF_GRAY : TJPF_RGB,
                               TJFLAG_ACCURATEDCT | TJFLAG_LIMITSCANS) != 0)
    fail("{}: the JPEG image is damaged: {}", path,
         tjGetErrorStr2(reader.get()));
}

void ImageFile::decodePng(uint32_t colors, std::span<uint8_t> to) const {
  PngReader reader(path, bytes);
  const bool toGrey = colors == 1 && header.colors == 3;
  reader.image.format =
      colors == 1 && !toGrey ? PNG_FORMAT_GRAY : PNG_FORMAT_RGB;
  std::vector<uint8_t> colored(toGrey ? 3 * to.size() : 0);
  const png_color black{};
  if (!png_image_finish_read(&reader.image, &black,
                             toGrey ? colored.data() : to.data(),
                             /*row_stride=*/0, /*colormap=*/nullptr))
    fail("{}: the PNG image is damaged: {}", path, reader.image.message);
  if (toGrey)
    for (size_t i = 0; i < to.size(); ++i)
      to[i] = lumaOf(&colored[3 * i]);
}

} // namespace foregrad::runtime
