// RUN: %fg-opt %s --verify-diagnostics --split-input-file

// expected-error @+1 {{has no fg.predict}}
fg.model "Empty" {
  %x = fg.input "image" : !fg.array<[batch = 4], f32>
}

// -----

fg.model "Twice" {
  %x = fg.input "image" : !fg.array<[batch = 4], f32>
  fg.block "b" () : () -> () {
    fg.yield
  }
  // expected-error @+1 {{there is a block 'b' already}}
  fg.block "b" () : () -> () {
    fg.yield
  }
}

// -----

fg.model "Parameters" {
  %x = fg.input "image" : !fg.array<[batch = 4], f32>
  fg.block "b" () : () -> () {
    %w = fg.parameter "w" init zero scale 0.0 decay = true : !fg.array<[c = 2], f32>
    // expected-error @+1 {{parameter 'w' is '!fg.array<[c = 3], f32>' here and '!fg.array<[c = 2], f32>' elsewhere}}
    %v = fg.parameter "w" init zero scale 0.0 decay = true : !fg.array<[c = 3], f32>
    fg.yield
  }
  fg.predict "readout" (%x) : !fg.array<[batch = 4], f32> {
  ^bb0(%a: !fg.array<[batch = 4], f32>):
    fg.yield %a, %a : !fg.array<[batch = 4], f32>, !fg.array<[batch = 4], f32>
  }
}

// -----

fg.model "Batch" {
  %x = fg.input "image" : !fg.array<[batch = 4], f32>
  // expected-error @+1 {{a parameter cannot have the axis 'batch'}}
  %w = fg.parameter "w" init zero scale 0.0 decay = true : !fg.array<[batch = 4], f32>
  fg.predict "readout" (%x) : !fg.array<[batch = 4], f32> {
  ^bb0(%a: !fg.array<[batch = 4], f32>):
    fg.yield %a, %a : !fg.array<[batch = 4], f32>, !fg.array<[batch = 4], f32>
  }
}

// -----

func.func @f(%x: !fg.array<[batch = 4], f32>) {
  // expected-error @+1 {{the types that its region yields are not those of its results}}
  %y = fg.block "b" (%x) : (!fg.array<[batch = 4], f32>) -> (!fg.array<[batch = 4, c = 2], f32>) {
  ^bb0(%a: !fg.array<[batch = 4], f32>):
    fg.yield %a : !fg.array<[batch = 4], f32>
  }
  return
}

// -----

func.func @f(%x: !fg.array<[batch = 4, t = 2], f32>) {
  // expected-error @+2 {{there is no axis 'token'}}
  // expected-note @+1 {{the axes are: batch, t}}
  fg.loss "b" per ["token"] (%x) : !fg.array<[batch = 4, t = 2], f32> {
  ^bb0(%a: !fg.array<[batch = 4, t = 2], f32>):
    %l = fg.sum %a over ["t"] : !fg.array<[batch = 4, t = 2], f32> -> !fg.array<[batch = 4], f32>
    fg.yield %l : !fg.array<[batch = 4], f32>
  }
  return
}

// -----

func.func @f(%x: !fg.array<[batch = 4, t = 2], f32>) {
  // expected-error @+1 {{a loss has the axis 'batch' only, this one is '!fg.array<[batch = 4, t = 2], f32>'}}
  fg.loss "b" per ["t"] (%x) : !fg.array<[batch = 4, t = 2], f32> {
  ^bb0(%a: !fg.array<[batch = 4, t = 2], f32>):
    fg.yield %a : !fg.array<[batch = 4, t = 2], f32>
  }
  return
}

// -----

fg.entry "types" {
  %x = fg.read "x" role input : !fg.array<[batch = 4], f32>
  // expected-error @+1 {{buffer 'x' is '!fg.array<[], f32>' here and '!fg.array<[batch = 4], f32>' elsewhere}}
  %y = fg.read "x" role input : !fg.array<[], f32>
}

// -----

fg.entry "roles" {
  %x = fg.read "x" role input : !fg.array<[batch = 4], f32>
  // expected-error @+1 {{buffer 'x' has role output here and input elsewhere}}
  fg.write %x to "x" role output : !fg.array<[batch = 4], f32>
}

// -----

func.func @f(%x: !fg.array<[batch = 4, t = 2], f32>, %w: !fg.array<[], f32>) {
  // expected-error @+1 {{the result has an axis 'c', what is computed has none}}
  %s = fg.replicated_tangent per ["t"] (%x, %x, %w)
    : (!fg.array<[batch = 4, t = 2], f32>, !fg.array<[batch = 4, t = 2], f32>, !fg.array<[], f32>)
      -> !fg.array<[batch = 4, t = 2, c = 1], f32> {
  ^bb0(%a: !fg.array<[batch = 4, t = 2], f32>):
    %l = fg.sum %a over ["t"] : !fg.array<[batch = 4, t = 2], f32> -> !fg.array<[batch = 4], f32>
    fg.yield %l : !fg.array<[batch = 4], f32>
  }
  return
}
