//===- Models.h - The models of the reference tests -----------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//

#ifndef FOREGRAD_TESTS_COMPILER_RULES_MODELS_H
#define FOREGRAD_TESTS_COMPILER_RULES_MODELS_H

#include <ostream>

namespace foregrad::compiler::test {

struct NamedModel {
  const char *name;
  const char *text;
};

/// How a failing test names its model.
inline std::ostream &operator<<(std::ostream &stream, const NamedModel &model) {
  return stream << model.name;
}

/// Token, channel and group layers, the loss per token and group.
inline constexpr NamedModel kMixer = {"Mixer", R"(
model Mixer {
  input image : f32[token = 2, channel = 6]
  label class : 3
  block block0 {
    t = token: relu(norm(linear(image, token -> token), channel))
    c = channel: relu(norm(linear(t, channel -> channel), channel))
    s = split(c, channel -> group = 2, unit)
    x = group: relu(norm(linear(s, unit -> unit, per group), unit))
    loss cross_entropy(head: linear(mean(x, token), [group, unit] -> class), class) per [token, group]
  }
  predict readout: linear(mean(x, token), [group, unit] -> class)
}
)"};

/// A head of two layers with another loss.
inline constexpr NamedModel kTwoLayerHead = {"TwoLayerHead", R"(
model TwoLayerHead {
  input image : f32[token = 2, pixel = 3]
  label class : 3
  block block0 {
    x = layer: relu(norm(linear(image, pixel -> unit = 4), unit))
    loss squared_error(head: linear(relu(hidden: linear(mean(x, token), unit -> hidden = 5)), hidden -> class),
                       class) per token
  }
  predict readout: linear(mean(x, token), unit -> class) loss squared_error
}
)"};

/// Axes of other names, mixed along one and then the other.
inline constexpr NamedModel kBoard = {"Board", R"(
model Board {
  input board : f32[row = 2, column = 3, piece = 2]
  label move : 4
  block deep {
    a = rows: relu(linear(board, row -> row))
    b = columns: relu(linear(a, column -> column))
    c = pieces: relu(linear(b, piece -> feature = 3))
    loss cross_entropy(head: linear(mean(c, row), [column, feature] -> move), move) per [row, column]
  }
  predict readout: linear(mean(c, [row, column]), feature -> move)
}
)"};

/// Two ways from a site to the loss that disagree: one keeps tokens apart, one
/// mixes them.
inline constexpr NamedModel kResidual = {"Residual", R"(
model Residual {
  input image : f32[token = 2, unit = 3]
  label class : 3
  block block0 {
    a = first: relu(linear(image, unit -> unit))
    b = mixed: relu(linear(a, token -> token))
    x = last: relu((own: linear(a, unit -> unit)) + b)
    loss cross_entropy(head: linear(mean(x, token), unit -> class), class) per token
  }
  predict readout: linear(mean(x, token), unit -> class)
}
)"};

/// A site without the loss's axis reaches all copies.
inline constexpr NamedModel kPooled = {"Pooled", R"(
model Pooled {
  input image : f32[token = 3, unit = 3]
  label class : 3
  block block0 {
    p = pooled: relu(linear(mean(image, token), unit -> unit))
    x = each: relu((own: linear(image, unit -> unit)) + p)
    loss cross_entropy(head: linear(mean(x, token), unit -> class), class) per token
  }
  predict readout: linear(mean(x, token), unit -> class)
}
)"};

/// Two axes of copies are factors of one axis of the site.
inline constexpr NamedModel kFactors = {"Factors", R"(
model Factors {
  input image : f32[token = 2, pixel = 3]
  label class : 3
  block block0 {
    h = layer: relu(norm(linear(image, pixel -> channel = 12), channel))
    x = split(split(h, channel -> group = 2, rest), rest -> unit = 3, part)
    loss cross_entropy(head: linear(mean(x, token), [group, unit, part] -> class), class) per [part, group]
  }
  predict readout: linear(mean(x, token), [group, unit, part] -> class)
}
)"};

/// One copy only, and a layer behind the loss's input.
inline constexpr NamedModel kOneCopy = {"OneCopy", R"(
model OneCopy {
  input image : f32[unit = 4]
  label class : 3
  block block0 {
    h = first: relu(linear(image, unit -> unit))
    x = second: relu(linear(h, unit -> unit))
    loss cross_entropy(head: linear(x, unit -> class), class)
    y = third: relu(x - 0.25)
  }
  predict readout: linear(y, unit -> class)
}
)"};

/// Convolutions between sites: windows mix places, but no channels, groups or
/// samples where each has weights of its own.
inline constexpr NamedModel kConvolution = {"Convolution", R"(
model Convolution {
  input image : f32[row = 4, column = 3, color = 2]
  label class : 3
  block block0 {
    a = dense: relu(norm(conv(image, [row = 3, column = 3], color -> channel = 4, stride = 2), channel))
    b = depth: relu(conv(a, [row = 3, column = 1], per channel))
    s = split(b, channel -> group = 2, unit)
    x = group: relu(conv(s, [column = 2], unit -> unit, per group, padding = none) + 0.1)
    loss cross_entropy(head: linear(x, [row, column, group, unit] -> class), class) per [row, column, group]
  }
  predict readout: linear(x, [row, column, group, unit] -> class)
}
)"};

inline constexpr NamedModel kModels[] = {kMixer,    kTwoLayerHead, kBoard,
                                         kResidual, kPooled,       kFactors,
                                         kOneCopy,  kConvolution};

} // namespace foregrad::compiler::test

#endif // FOREGRAD_TESTS_COMPILER_RULES_MODELS_H
