// RUN: %fg-opt %s --split-input-file --verify-diagnostics

fg.entry "case" {
  // expected-error @+1 {{32 columns from 40 on do not lie within a frame of 64}}
  %r = fg.orthogonal_rows offset 40 of 64 : !fg.array<["#direction" = 4, unit = 32], f32>
}

// -----

fg.entry "case" {
  // expected-error @+1 {{1 columns from 0 on do not lie within a frame of 0}}
  %r = fg.orthogonal_rows offset 0 of 0 : !fg.array<["#direction" = 4], f32>
}

// -----

fg.entry "case" {
  // expected-error @+1 {{has no axis of rows}}
  %r = fg.orthogonal_rows offset 0 of 4 : !fg.array<[], f32>
}
