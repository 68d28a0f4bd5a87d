// RUN: %fg-opt %s --verify-diagnostics --split-input-file

func.func @f(%a: !fg.array<[batch = 4, c = 3], f32>) {
  // expected-error @+2 {{there is no axis 'token'}}
  // expected-note @+1 {{the axes are: batch, c}}
  %r = fg.sum %a over ["token"] : !fg.array<[batch = 4, c = 3], f32> -> !fg.array<[batch = 4], f32>
  return
}

// -----

func.func @f(%a: !fg.array<[batch = 4, c = 3], f32>) {
  // expected-error @+1 {{axis 'c' is named twice}}
  %r = fg.sum %a over ["c", "c"] : !fg.array<[batch = 4, c = 3], f32> -> !fg.array<[batch = 4], f32>
  return
}

// -----

func.func @f(%a: !fg.array<[batch = 4, c = 3], f32>) {
  // expected-error @+1 {{but the other axes are '!fg.array<[batch = 4], f32>'}}
  %r = fg.sum %a over ["c"] : !fg.array<[batch = 4, c = 3], f32> -> !fg.array<[c = 3], f32>
  return
}

// -----

func.func @f(%a: !fg.array<[batch = 4, c = 3], f32>) {
  // expected-error @+2 {{there is no axis 'class'}}
  // expected-note @+1 {{the axes are: batch, c}}
  %r = fg.softmax %a over "class" : !fg.array<[batch = 4, c = 3], f32>
  return
}

// -----

func.func @f(%a: !fg.array<[batch = 4, c = 3], f32>) {
  // expected-error @+1 {{but the axes not normalised over are '!fg.array<[batch = 4], f32>'}}
  %z, %r = fg.norm %a over ["c"] epsilon 1.0e-05 : !fg.array<[batch = 4, c = 3], f32>, !fg.array<[c = 3], f32>
  return
}

// -----

func.func @f(%a: !fg.array<[batch = 4, c = 3], f32>) {
  // expected-error @+1 {{epsilon must be a number and not negative}}
  %z, %r = fg.norm %a over ["c"] epsilon -1.0 : !fg.array<[batch = 4, c = 3], f32>, !fg.array<[batch = 4], f32>
  return
}

// -----

func.func @f(%z: !fg.array<[batch = 4, c = 3], f32>, %r: !fg.array<[batch = 4], f32>, %v: !fg.array<[c = 3], f32>) {
  // expected-error @+1 {{the normalized array has an axis 'batch', the vector has none}}
  %d = fg.norm_jacobian %z, %r, %v over ["c"] : !fg.array<[batch = 4, c = 3], f32>, !fg.array<[batch = 4], f32>, !fg.array<[c = 3], f32>
  return
}
