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

// -----

func.func @types(%i: i64, %n: index) {
  // expected-error @+1 {{has vectors of one type for results}}
  %v:2 = fg.noise_block %i, %i, %n, %n site 7 law gaussian : vector<8xf32>, vector<8xf64>
  return
}

// -----

func.func @part(%i: i64, %n: index) {
  // expected-error @+1 {{draws 64 numbers, in vectors that divide 16, not 8 in 'vector<8xf32>'}}
  %v = fg.noise_block %i, %i, %n, %n site 7 law gaussian : vector<8xf32>
  return
}

// -----

func.func @odd(%i: i64, %n: index) {
  // expected-error @+1 {{draws 64 numbers, in vectors that divide 16, not 64 in 'vector<32xf32>'}}
  %v:2 = fg.noise_block %i, %i, %n, %n site 7 law gaussian : vector<32xf32>, vector<32xf32>
  return
}

// -----

func.func @site(%i: i64, %n: index) {
  // expected-error @+1 {{site 16777216 is above the largest, 16777215}}
  %v:4 = fg.noise_block %i, %i, %n, %n site 16777216 law gaussian : vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>
  return
}
