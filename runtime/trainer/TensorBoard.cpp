//===- TensorBoard.cpp - A run's numbers as TensorBoard reads them --------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
#include "runtime/trainer/TensorBoard.h"

#include "runtime/support/Error.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstring>
#include <ctime>
#include <filesystem>

#include <unistd.h>

namespace foregrad::runtime {

namespace {

constexpr std::string_view namePrefix = "events.out.tfevents.";

//===----------------------------------------------------------------------===//
// TFRecord: length, masked CRC of the length, data, masked CRC of the data.

constexpr std::array<uint32_t, 256> makeCrcTable() {
  constexpr uint32_t castagnoli = 0x82f63b78; // bits reversed
  std::array<uint32_t, 256> table = {};
  for (uint32_t byte = 0; byte < 256; ++byte) {
    uint32_t crc = byte;
    for (int bit = 0; bit < 8; ++bit)
      crc = crc >> 1 ^ ((crc & 1) != 0 ? castagnoli : 0);
    table[byte] = crc;
  }
  return table;
}

/// CRC-32C, then rotated and shifted, so that a CRC of data with CRCs in it is
/// as good as any.
uint32_t maskedCrc(std::string_view bytes) {
  static constexpr std::array<uint32_t, 256> table = makeCrcTable();
  uint32_t crc = ~uint32_t{0};
  for (char byte : bytes)
    crc = table[(crc ^ static_cast<uint8_t>(byte)) & 0xff] ^ crc >> 8;
  return std::rotr(~crc, 15) + 0xa282ead8;
}

template <typename Number> void appendFixed(std::string &bytes, Number value) {
  static_assert(std::endian::native == std::endian::little);
  char raw[sizeof(Number)];
  std::memcpy(raw, &value, sizeof(raw));
  bytes.append(raw, sizeof(raw));
}

std::string record(std::string_view data) {
  std::string bytes;
  appendFixed(bytes, uint64_t{data.size()});
  appendFixed(bytes, maskedCrc(bytes));
  bytes += data;
  appendFixed(bytes, maskedCrc(data));
  return bytes;
}

//===----------------------------------------------------------------------===//
// Protocol buffers: a field is its number and wire type, then its value.

/// Fields of event.proto and summary.proto.
enum Field : uint32_t {
  eventWallTime = 1,
  eventStep = 2,
  eventFileVersion = 3,
  eventSummary = 5,
  eventSessionLog = 7,
  sessionLogStatus = 1,
  summaryValue = 1,
  valueTag = 1,
  valueSimple = 2,
};
enum WireType : uint32_t { varint = 0, fixed64 = 1, bytes = 2, fixed32 = 5 };

constexpr uint64_t sessionStart = 1; // SessionLog.START

class Message {
public:
  Message &add(Field field, double value) {
    key(field, WireType::fixed64);
    appendFixed(text, value);
    return *this;
  }
  Message &add(Field field, float value) {
    key(field, WireType::fixed32);
    appendFixed(text, value);
    return *this;
  }
  Message &add(Field field, uint64_t value) {
    key(field, WireType::varint);
    number(value);
    return *this;
  }
  Message &add(Field field, std::string_view value) {
    key(field, WireType::bytes);
    number(value.size());
    text += value;
    return *this;
  }

  std::string text;

private:
  void key(Field field, WireType type) { number(uint64_t{field} << 3 | type); }
  void number(uint64_t value) {
    for (; value >= 0x80; value >>= 7)
      text += static_cast<char>(value | 0x80);
    text += static_cast<char>(value);
  }
};

Message event(uint64_t step) {
  const std::chrono::duration<double> now =
      std::chrono::system_clock::now().time_since_epoch();
  Message message;
  message.add(eventWallTime, now.count()).add(eventStep, step);
  return message;
}

//===----------------------------------------------------------------------===//

/// The number in the name of the folder's next file: the time, but greater than
/// all before, since TensorBoard reads files in the order of their names.
uint64_t nextNumber(const std::string &folder) {
  auto number = static_cast<uint64_t>(std::max<time_t>(std::time(nullptr), 0));
  std::error_code ignored;
  for (const auto &file :
       std::filesystem::directory_iterator(folder, ignored)) {
    const std::string name = file.path().filename().string();
    if (!name.starts_with(namePrefix))
      continue;
    uint64_t taken = 0;
    std::from_chars(name.data() + namePrefix.size(), name.data() + name.size(),
                    taken);
    // What is no time of these centuries has not come from here.
    constexpr uint64_t tenDigits = 9'999'999'998;
    if (taken >= number && taken <= tenDigits)
      number = taken + 1;
  }
  return number;
}

std::string hostName() {
  char name[256] = {};
  if (gethostname(name, sizeof(name) - 1) != 0 || name[0] == '\0')
    return "localhost";
  std::string result = name;
  std::ranges::replace(result, '/', '-');
  return result;
}

} // namespace

TensorBoard::TensorBoard(const std::string &folder, uint64_t lastStep)
    : path(fmt::format("{}/{}{:010}.{}.{}", folder, namePrefix,
                       nextNumber(folder), hostName(), getpid())),
      file(std::fopen(path.c_str(), "wxe")) {
  if (!file)
    fail("{}: cannot create: {}", path, std::strerror(errno));
  write(event(0).add(eventFileVersion, "brain.Event:2").text);
  // Of earlier files, TensorBoard forgets all from this step on.
  write(event(lastStep + 1)
            .add(eventSessionLog,
                 Message().add(sessionLogStatus, sessionStart).text)
            .text);
}

void TensorBoard::add(const EpochMetrics &row, uint64_t step) {
  Message summary;
  for (auto [tag, value] :
       {std::pair("loss/train", row.trainLoss),
        std::pair("error/train", row.trainError),
        std::pair("error/test", row.testError), std::pair("rate", row.rate),
        std::pair("time/step_ms", row.stepMs)})
    summary.add(summaryValue, Message()
                                  .add(valueTag, tag)
                                  .add(valueSimple, static_cast<float>(value))
                                  .text);
  write(event(step).add(eventSummary, summary.text).text);
}

void TensorBoard::write(std::string_view event) {
  const std::string bytes = record(event);
  if (std::fwrite(bytes.data(), 1, bytes.size(), file.get()) != bytes.size() ||
      std::fflush(file.get()) != 0)
    fail("{}: cannot write: {}", path, std::strerror(errno));
}

} // namespace foregrad::runtime
