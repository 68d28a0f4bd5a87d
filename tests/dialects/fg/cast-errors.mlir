// RUN: %fg-opt %s --verify-diagnostics --split-input-file

func.func @f(%a: !fg.array<[batch = 4], f64>) {
  // expected-error @+1 {{changes the axes}}
  %r = fg.cast %a : !fg.array<[batch = 4], f64> -> !fg.array<[batch = 3], f32>
  return
}

// -----

func.func @f(%a: !fg.array<[batch = 4], i32>) {
  // expected-error @+1 {{needs floating-point elements, not 'i32'}}
  %r = fg.cast %a : !fg.array<[batch = 4], i32> -> !fg.array<[batch = 4], f32>
  return
}

// -----

func.func @f(%a: !fg.array<[batch = 4], f32>) {
  // expected-error @+1 {{needs floating-point elements, not 'i8'}}
  %r = fg.cast %a : !fg.array<[batch = 4], f32> -> !fg.array<[batch = 4], i8>
  return
}
