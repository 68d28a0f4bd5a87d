//===- Idx.cpp - Files in MNIST's IDX format ------------------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/Idx.h"

#include "runtime/support/Checked.h"
#include "runtime/support/Error.h"

#include <algorithm>
#include <cstring>
#include <memory>

#include <fmt/ranges.h>
#include <zlib.h>

namespace foregrad::runtime {

namespace {

constexpr uint64_t maximalFile = uint64_t{1} << 40;
constexpr uint8_t unsignedBytes = 8;

/// The bytes of a file, in order, unpacked where it is gzipped.
class Source {
public:
  virtual ~Source() = default;

  /// The next `size` bytes. Throws Error where the file ends before.
  virtual void read(uint8_t *target, uint64_t size) = 0;

  /// No more bytes than this can follow.
  virtual uint64_t mostLeft() const = 0;

  /// Throws Error where anything follows, or a checksum is wrong.
  virtual void expectEnd() = 0;

  const std::string path;
  uint64_t offset = 0; ///< of the next byte

protected:
  explicit Source(const std::string &path) : path(path) {}

  [[noreturn]] void failEnd(uint64_t wanted, uint64_t got) {
    failAt(path, offset, fmt::format("{} more bytes", wanted),
           fmt::format("{}: the file is truncated", got));
  }
  [[noreturn]] void failTrailing(std::string_view found) {
    failAt(path, offset, "the end of the file", found);
  }
};

class PlainSource : public Source {
public:
  PlainSource(const std::string &path, AlignedBytes content)
      : Source(path), bytes(std::move(content)) {}

  void read(uint8_t *target, uint64_t size) override {
    if (size > mostLeft())
      failEnd(size, mostLeft());
    if (size != 0)
      std::memcpy(target, bytes.data() + offset, size);
    offset += size;
  }
  uint64_t mostLeft() const override { return bytes.size() - offset; }
  void expectEnd() override {
    if (mostLeft() != 0)
      failTrailing(fmt::format("{} more bytes", mostLeft()));
  }

private:
  AlignedBytes bytes;
};

class GzipSource : public Source {
public:
  GzipSource(const std::string &path, AlignedBytes content)
      : Source(path), bytes(std::move(content)) {
    constexpr int gzipOnly = 16 + MAX_WBITS;
    if (inflateInit2(&stream, gzipOnly) != Z_OK)
      fail("{}: cannot unpack: out of memory", path);
  }
  ~GzipSource() override { inflateEnd(&stream); }
  GzipSource(const GzipSource &) = delete;
  GzipSource &operator=(const GzipSource &) = delete;

  void read(uint8_t *target, uint64_t size) override {
    uint64_t done = unpack(target, size);
    if (done != size)
      failEnd(size, done);
    offset += size;
  }

  // Deflate packs no better than 1032 to 1.
  uint64_t mostLeft() const override {
    return checkedMultiply(bytes.size(), 1032).value_or(UINT64_MAX);
  }

  void expectEnd() override {
    uint8_t extra;
    if (unpack(&extra, 1) != 0)
      failTrailing("more data");
    if (!ended)
      failAt(path, offset, "the end of the gzip data with its checksum",
             "a truncated file");
    if (consumed != bytes.size())
      failTrailing(
          fmt::format("{} bytes after the gzip data", bytes.size() - consumed));
  }

private:
  /// Unpacks up to `size` bytes; fewer only at the end of the data.
  uint64_t unpack(uint8_t *target, uint64_t size) {
    uint64_t done = 0;
    while (done < size && !ended) {
      // zlib counts in 32 bits.
      constexpr uint64_t most = 1u << 30;
      uInt out = static_cast<uInt>(std::min(size - done, most));
      uInt in = static_cast<uInt>(std::min(bytes.size() - consumed, most));
      stream.next_in = bytes.data() + consumed;
      stream.avail_in = in;
      stream.next_out = target + done;
      stream.avail_out = out;
      int status = inflate(&stream, Z_NO_FLUSH);
      uint64_t read = in - stream.avail_in, written = out - stream.avail_out;
      consumed += read;
      done += written;
      if (status == Z_STREAM_END)
        ended = true;
      else if (status == Z_BUF_ERROR || (status == Z_OK && !read && !written))
        break;
      else if (status != Z_OK)
        failAt(path, offset + done, "gzip data",
               fmt::format("damage ({}, at byte {} of the packed file)",
                           stream.msg ? stream.msg : "unknown", consumed));
    }
    return done;
  }

  AlignedBytes bytes;
  z_stream stream = {};
  uint64_t consumed = 0;
  bool ended = false;
};

std::unique_ptr<Source> openSource(const std::string &path) {
  AlignedBytes bytes = readFile(path, maximalFile);
  bool packed =
      bytes.size() >= 2 && bytes.data()[0] == 0x1F && bytes.data()[1] == 0x8B;
  if (packed)
    return std::make_unique<GzipSource>(path, std::move(bytes));
  return std::make_unique<PlainSource>(path, std::move(bytes));
}

uint32_t readBigEndian(Source &source) {
  uint8_t bytes[4];
  source.read(bytes, sizeof(bytes));
  return uint32_t{bytes[0]} << 24 | uint32_t{bytes[1]} << 16 |
         uint32_t{bytes[2]} << 8 | bytes[3];
}

} // namespace

IdxArray readIdx(const std::string &path, uint32_t rank) {
  std::unique_ptr<Source> source = openSource(path);
  const uint32_t magic = uint32_t{unsignedBytes} << 8 | rank;
  uint32_t found = readBigEndian(*source);
  if (found != magic)
    failAt(path, 0,
           fmt::format("0x{:08x} (IDX, unsigned bytes, {} dimensions)", magic,
                       rank),
           fmt::format("0x{:08x}", found));

  IdxArray array;
  for (uint32_t i = 0; i < rank; ++i) {
    uint32_t size = readBigEndian(*source);
    if (size == 0)
      failAt(path, source->offset - 4, "a size of 1 or more", "0");
    array.dimensions.push_back(size);
  }
  std::optional<uint64_t> size = checkedProduct(array.dimensions);
  if (!size || *size > source->mostLeft())
    failAt(path, source->offset,
           fmt::format("{} bytes of data ({})",
                       size ? std::to_string(*size) : "more than 2^64",
                       fmt::join(array.dimensions, " x ")),
           fmt::format("at most {}: the file is truncated or damaged",
                       source->mostLeft()));
  array.data = AlignedBytes(*size, /*zeroed=*/false);
  source->read(array.data.data(), *size);
  source->expectEnd();
  return array;
}

} // namespace foregrad::runtime
