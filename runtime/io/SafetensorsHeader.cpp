//===- SafetensorsHeader.cpp - The JSON header of safetensors -------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
// A handler of the JSON parser's events builds the tensors directly: no tree of
// values, so neither depth nor size of a hostile header costs more than its
// text.
//
//===----------------------------------------------------------------------===//
#include "runtime/io/SafetensorsHeader.h"

#include "runtime/support/Error.h"

#include <set>

#include <nlohmann/json.hpp>

namespace foregrad::runtime {

namespace {

using Json = nlohmann::json;

constexpr size_t maximalTensors = 100000;
constexpr size_t maximalRank = 32;

class HeaderEvents : public nlohmann::json_sax<Json> {
public:
  HeaderEvents(const std::string &path, uint64_t offset)
      : path(path), offset(offset) {}

  SafetensorsHeader header;

  bool null() override { return unexpected("null"); }
  bool boolean(bool) override { return unexpected("a truth value"); }
  bool number_float(number_float_t, const string_t &text) override {
    return unexpected(text);
  }
  bool binary(binary_t &) override { return unexpected("binary data"); }

  bool number_integer(number_integer_t value) override {
    return unexpected(std::to_string(value));
  }

  bool number_unsigned(number_unsigned_t value) override {
    if (place == Place::Shape) {
      if (tensor.shape.size() == maximalRank)
        return unexpected(fmt::format("more than {} axes", maximalRank));
      tensor.shape.push_back(value);
      return true;
    }
    if (place == Place::Offsets && offsets.size() < 2) {
      offsets.push_back(value);
      return true;
    }
    return unexpected(std::to_string(value));
  }

  bool string(string_t &value) override {
    if (place == Place::Metadata && !field.empty()) {
      header.metadata[metadataKey] = value;
      field.clear();
      return true;
    }
    if (place == Place::Tensor && field == "dtype") {
      tensor.dtype = value;
      return true;
    }
    return unexpected(fmt::format("the text \"{}\"", value.substr(0, 40)));
  }

  bool start_object(size_t) override {
    switch (place) {
    case Place::Start:
      place = Place::Top;
      return true;
    case Place::Top:
      fields.clear();
      place = topKey == "__metadata__" ? Place::Metadata : Place::Tensor;
      tensor = {topKey, "", {}, 0, 0};
      offsets.clear();
      return true;
    default:
      return unexpected("an object");
    }
  }

  bool key(string_t &value) override {
    if (place == Place::Top) {
      topKey = value;
      if (header.tensors.size() == maximalTensors)
        return unexpected(fmt::format("more than {} tensors", maximalTensors));
      return names.insert(value).second || twice(value);
    }
    field = place == Place::Metadata ? "metadata" : value;
    metadataKey = value;
    return fields.insert(value).second || twice(value);
  }

  bool end_object() override {
    if (place == Place::Tensor) {
      for (const char *required : {"dtype", "shape", "data_offsets"})
        if (!fields.contains(required))
          return unexpected(
              fmt::format("the tensor '{}' without {}", topKey, required));
      if (offsets.size() != 2)
        return unexpected(fmt::format("{} data_offsets of the tensor '{}'",
                                      offsets.size(), topKey));
      tensor.begin = offsets[0];
      tensor.end = offsets[1];
      header.tensors.push_back(std::move(tensor));
    }
    place = place == Place::Top ? Place::End : Place::Top;
    return true;
  }

  bool start_array(size_t) override {
    if (place == Place::Tensor && field == "shape")
      place = Place::Shape;
    else if (place == Place::Tensor && field == "data_offsets")
      place = Place::Offsets;
    else
      return unexpected("a list");
    return true;
  }

  bool end_array() override {
    place = Place::Tensor;
    field.clear();
    return true;
  }

  bool parse_error(size_t position, const std::string &,
                   const nlohmann::detail::exception &) override {
    failAt(path, offset + (position ? position - 1 : 0),
           "a JSON header of safetensors", "something that is not JSON");
  }

private:
  enum class Place { Start, Top, Metadata, Tensor, Shape, Offsets, End };

  bool unexpected(const std::string &what) {
    fail("{}: header: expected {}, found {}", path, expectation(), what);
  }
  bool twice(const std::string &name) {
    fail("{}: header: expected each key once, found '{}' twice", path,
         name.substr(0, 200));
  }

  std::string expectation() const {
    switch (place) {
    case Place::Start:
    case Place::End:
      return "one JSON object";
    case Place::Top:
      return fmt::format("an object for each name (at '{}')",
                         topKey.substr(0, 200));
    case Place::Metadata:
      return "texts in __metadata__";
    case Place::Tensor:
      return fmt::format("dtype, shape and data_offsets of the tensor '{}'",
                         topKey.substr(0, 200));
    case Place::Shape:
    case Place::Offsets:
      break;
    }
    return fmt::format("whole numbers of 0 or more as {} of the tensor '{}'",
                       place == Place::Shape ? "the shape"
                                             : "the two data_offsets",
                       topKey.substr(0, 200));
  }

  const std::string &path;
  uint64_t offset;
  Place place = Place::Start;
  std::string topKey, metadataKey;
  std::string field; ///< the key whose value comes next
  std::set<std::string> names, fields;
  StoredTensor tensor;
  std::vector<uint64_t> offsets;
};

} // namespace

SafetensorsHeader parseSafetensorsHeader(const std::string &path,
                                         uint64_t offset,
                                         std::string_view text) {
  HeaderEvents events(path, offset);
  Json::sax_parse(text.begin(), text.end(), &events);
  return std::move(events.header);
}

} // namespace foregrad::runtime
