// RUN: %fg-opt %s --verify-diagnostics --split-input-file

func.func @f(%a: !fg.array<[batch = 4, x = 6], f32>) {
  // expected-error @+1 {{names no axis to slide along}}
  %r = fg.windows %a over [] into [] strides [] before [] : !fg.array<[batch = 4, x = 6], f32> -> !fg.array<[batch = 4, x = 6], f32>
  return
}

// -----

func.func @f(%a: !fg.array<[batch = 4, x = 6], f32>) {
  // expected-error @+1 {{slides along 1 axes but has 1 window axes, 2 strides and 1 offsets}}
  %r = fg.windows %a over ["x"] into ["k"] strides [1, 1] before [1] : !fg.array<[batch = 4, x = 6], f32> -> !fg.array<[batch = 4, x = 6, k = 3], f32>
  return
}

// -----

func.func @f(%a: !fg.array<[batch = 4, x = 6], f32>) {
  // expected-error @+2 {{there is no axis 'y'}}
  // expected-note @+1 {{the axes are: batch, x}}
  %r = fg.windows %a over ["y"] into ["k"] strides [1] before [1] : !fg.array<[batch = 4, x = 6], f32> -> !fg.array<[batch = 4, x = 6, k = 3], f32>
  return
}

// -----

func.func @f(%a: !fg.array<[batch = 4, x = 6], f32>) {
  // expected-error @+2 {{there is no axis 'j'}}
  // expected-note @+1 {{the axes are: batch, x, k}}
  %r = fg.windows %a over ["x"] into ["j"] strides [1] before [1] : !fg.array<[batch = 4, x = 6], f32> -> !fg.array<[batch = 4, x = 6, k = 3], f32>
  return
}

// -----

func.func @f(%a: !fg.array<[batch = 4, x = 6], f32>) {
  // expected-error @+1 {{axis 'x' is named twice}}
  %r = fg.windows %a over ["x", "x"] into ["k", "x"] strides [1, 1] before [1, 1] : !fg.array<[batch = 4, x = 6], f32> -> !fg.array<[batch = 4, x = 6, k = 3], f32>
  return
}

// -----

func.func @f(%a: !fg.array<[batch = 4, x = 6], f32>) {
  // expected-error @+1 {{without the window axes the windows must have the axes of the array, in its order}}
  %r = fg.windows %a over ["x"] into ["k"] strides [1] before [1] : !fg.array<[batch = 4, x = 6], f32> -> !fg.array<[x = 6, batch = 4, k = 3], f32>
  return
}

// -----

func.func @f(%a: !fg.array<[batch = 4, x = 6], f32>) {
  // expected-error @+1 {{does not slide along 'batch', so its size must not change}}
  %r = fg.windows %a over ["x"] into ["k"] strides [1] before [1] : !fg.array<[batch = 4, x = 6], f32> -> !fg.array<[batch = 3, x = 6, k = 3], f32>
  return
}

// -----

func.func @f(%a: !fg.array<[batch = 4, x = 6], f32>) {
  // expected-error @+1 {{has the stride 0 along 'x'; it must be at least 1}}
  %r = fg.windows %a over ["x"] into ["k"] strides [0] before [1] : !fg.array<[batch = 4, x = 6], f32> -> !fg.array<[batch = 4, x = 6, k = 3], f32>
  return
}

// -----

func.func @f(%a: !fg.array<[batch = 4, x = 6], f32>) {
  // expected-error @+1 {{begins 3 elements before 'x', which must be at least 0 and less than its window of 3}}
  %r = fg.windows %a over ["x"] into ["k"] strides [1] before [3] : !fg.array<[batch = 4, x = 6], f32> -> !fg.array<[batch = 4, x = 6, k = 3], f32>
  return
}

// -----

func.func @f(%a: !fg.array<[batch = 4, x = 6], f32>) {
  // expected-error @+1 {{begins -1 elements before 'x'}}
  %r = fg.windows %a over ["x"] into ["k"] strides [1] before [-1] : !fg.array<[batch = 4, x = 6], f32> -> !fg.array<[batch = 4, x = 6, k = 3], f32>
  return
}

// -----

func.func @f(%a: !fg.array<[batch = 4, x = 6], f32>) {
  // expected-error @+1 {{has windows that lie behind the end of 'x'}}
  %r = fg.windows %a over ["x"] into ["k"] strides [2] before [0] : !fg.array<[batch = 4, x = 6], f32> -> !fg.array<[batch = 4, x = 6, k = 3], f32>
  return
}

// -----

func.func @f(%a: !fg.array<[batch = 4, x = 6], f32>) {
  // expected-error @+1 {{has windows that lie behind the end of 'x'}}
  %r = fg.windows %a over ["x"] into ["k"] strides [9223372036854775807] before [0] : !fg.array<[batch = 4, x = 6], f32> -> !fg.array<[batch = 4, x = 6, k = 3], f32>
  return
}

// -----

func.func @f(%a: !fg.array<[batch = 4, x = 6, k = 3], f32>) {
  // expected-error @+1 {{has windows that lie behind the end of 'x'}}
  %r = fg.fold_windows %a over ["x"] into ["k"] strides [2] before [0] : !fg.array<[batch = 4, x = 6, k = 3], f32> -> !fg.array<[batch = 4, x = 6], f32>
  return
}
