// RUN: %fg-opt %s --verify-diagnostics --split-input-file

func.func @f(%a: !fg.array<[batch = 4], f32>, %b: !fg.array<[unit = 3], f32>) {
  // expected-error @+1 {{the right operand has an axis 'unit', the result has none}}
  %r = fg.add %a, %b : (!fg.array<[batch = 4], f32>, !fg.array<[unit = 3], f32>) -> !fg.array<[batch = 4], f32>
  return
}

// -----

func.func @f(%a: !fg.array<[batch = 4], f32>, %b: !fg.array<[batch = 3], f32>) {
  // expected-error @+1 {{axis 'batch' has size 3 in the right operand but 4 in the result}}
  %r = fg.sub %a, %b : (!fg.array<[batch = 4], f32>, !fg.array<[batch = 3], f32>) -> !fg.array<[batch = 4], f32>
  return
}

// -----

func.func @f(%a: !fg.array<[batch = 4], f32>) {
  // expected-error @+1 {{the result has an axis "unit", no operand has it}}
  %r = fg.mul %a, %a : (!fg.array<[batch = 4], f32>, !fg.array<[batch = 4], f32>) -> !fg.array<[batch = 4, unit = 2], f32>
  return
}

// -----

func.func @f(%a: !fg.array<[batch = 4], f32>, %b: !fg.array<[batch = 4], f64>) {
  // expected-error @+1 {{mixes elements of type 'f32' and 'f64'}}
  %r = fg.mul %a, %b : (!fg.array<[batch = 4], f32>, !fg.array<[batch = 4], f64>) -> !fg.array<[batch = 4], f32>
  return
}

// -----

func.func @f(%a: !fg.array<[batch = 4], i32>) {
  // expected-error @+1 {{needs floating-point elements, not 'i32'}}
  %r = fg.relu %a site "s" : !fg.array<[batch = 4], i32>
  return
}

// -----

func.func @f() {
  // expected-error @+1 {{gives 2 numbers for an array of 3; one number or all of them are needed}}
  %r = fg.constant [1.0, 2.0] : !fg.array<[unit = 3], f32>
  return
}
