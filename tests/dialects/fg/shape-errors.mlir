// RUN: %fg-opt %s --verify-diagnostics --split-input-file

func.func @f(%a: !fg.array<[batch = 4, c = 8], f32>) {
  // expected-error @+1 {{axis 'c' has size 8 but the axes it is split into have 6 elements}}
  %r = fg.split %a axis "c" into ["g", "u"] : !fg.array<[batch = 4, c = 8], f32> -> !fg.array<[batch = 4, g = 2, u = 3], f32>
  return
}

// -----

func.func @f(%a: !fg.array<[batch = 4, c = 8], f32>) {
  // expected-error @+1 {{the new axes must stand in the place of 'c' and the others stay as they are}}
  %r = fg.split %a axis "c" into ["g", "u"] : !fg.array<[batch = 4, c = 8], f32> -> !fg.array<[g = 2, batch = 4, u = 4], f32>
  return
}

// -----

func.func @f(%a: !fg.array<[batch = 4, g = 2, t = 5, u = 3], f32>) {
  // expected-error @+1 {{the axes g, u are no neighbours in this order; the axes are batch, g, t, u}}
  %r = fg.merge %a axes ["g", "u"] into "c" : !fg.array<[batch = 4, g = 2, t = 5, u = 3], f32> -> !fg.array<[batch = 4, c = 6, t = 5], f32>
  return
}

// -----

func.func @f(%a: !fg.array<[batch = 4, g = 2, u = 3], f32>) {
  // expected-error @+1 {{the result must have the axis 'c' of size 6 in the place of the merged ones}}
  %r = fg.merge %a axes ["g", "u"] into "c" : !fg.array<[batch = 4, g = 2, u = 3], f32> -> !fg.array<[batch = 4, c = 5], f32>
  return
}

// -----

func.func @f(%a: !fg.array<[batch = 4, c = 8], f32>) {
  // expected-error @+1 {{the result has an axis 't', the operand has none}}
  %r = fg.reorder %a : !fg.array<[batch = 4, c = 8], f32> -> !fg.array<[c = 8, batch = 4, t = 1], f32>
  return
}

// -----

func.func @f(%a: !fg.array<[batch = 4], f32>) {
  // expected-error @+1 {{the operand has an axis 'batch', the result has none}}
  %r = fg.broadcast %a : !fg.array<[batch = 4], f32> -> !fg.array<[token = 4], f32>
  return
}

// -----

func.func @f() {
  // expected-error @+1 {{needs two axes of one size}}
  %r = fg.identity : !fg.array<[a = 2, b = 3], f32>
  return
}
