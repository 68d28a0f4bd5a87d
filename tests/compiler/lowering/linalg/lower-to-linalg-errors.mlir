// RUN: %fg-opt %s --fg-lower-to-linalg --verify-diagnostics --split-input-file

fg.entry "step" {
}
// expected-error @+1 {{there is an entry 'step' already}}
fg.entry "step" {
}

// -----

fg.entry "step" {
  // expected-error @+1 {{cannot be lowered to loops: an earlier phase should have replaced it}}
  %w = fg.parameter "w" init zero scale 0.0 decay = true : !fg.array<[c = 2], f32>
  fg.write %w to "w" role parameter : !fg.array<[c = 2], f32>
}
