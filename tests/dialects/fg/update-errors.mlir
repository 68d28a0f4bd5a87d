// RUN: %fg-opt %s --verify-diagnostics --split-input-file

func.func @f(%a: !fg.array<[batch = 4], f32>, %b: !fg.array<[unit = 3], f32>) {
  // expected-error @+1 {{the divisor has an axis 'unit', the dividend has none}}
  %r = fg.div %a, %b : !fg.array<[batch = 4], f32>, !fg.array<[unit = 3], f32>
  return
}

// -----

func.func @f(%a: !fg.array<[batch = 4], f32>, %b: !fg.array<[batch = 4], f64>) {
  // expected-error @+1 {{mixes elements of type 'f32' and 'f64'}}
  %r = fg.div %a, %b : !fg.array<[batch = 4], f32>, !fg.array<[batch = 4], f64>
  return
}

// -----

func.func @f(%a: !fg.array<[batch = 4], i32>) {
  // expected-error @+1 {{needs floating-point elements, not 'i32'}}
  %r = fg.sqrt %a : !fg.array<[batch = 4], i32>
  return
}
