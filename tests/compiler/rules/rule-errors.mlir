// RUN: %fg-opt %s --fg-rule-lg-fg-a --split-input-file --verify-diagnostics
// What lg-fg-a cannot learn is an error at the parameter, with the reason.

// No nonlinearity behind the layer.

fg.model "Linear" {
  %x = fg.input "image" : !fg.array<[batch = 2, unit = 4], f32>
  %y = fg.label "class" : !fg.array<[batch = 2], i32>
  %b = fg.block "b" (%x) : (!fg.array<[batch = 2, unit = 4], f32>) -> (!fg.array<[batch = 2, unit = 4], f32>) {
  ^bb0(%a: !fg.array<[batch = 2, unit = 4], f32>):
    // expected-error @+2 {{parameter 'b.w' gets no gradient under the rule lg-fg-a}}
    // expected-note @+1 {{no perturbed nonlinearity (relu) of its block follows it}}
    %w = fg.parameter "b.w" init normal scale 0.5 decay = true : !fg.array<[unit = 4, out = 4], f32>
    %q = fg.contract %a "nu", %w "uv" -> "nv" : (!fg.array<[batch = 2, unit = 4], f32>, !fg.array<[unit = 4, out = 4], f32>) -> !fg.array<[batch = 2, unit = 4], f32>
    fg.loss "b" per [] (%q) : !fg.array<[batch = 2, unit = 4], f32> {
    ^bb0(%h: !fg.array<[batch = 2, unit = 4], f32>):
      %e = fg.cross_entropy %h, %y over "unit" : (!fg.array<[batch = 2, unit = 4], f32>, !fg.array<[batch = 2], i32>) -> !fg.array<[batch = 2], f32>
      fg.yield %e : !fg.array<[batch = 2], f32>
    }
    fg.yield %q : !fg.array<[batch = 2, unit = 4], f32>
  }
  fg.predict "readout" (%b) : !fg.array<[batch = 2, unit = 4], f32> {
  ^bb0(%a: !fg.array<[batch = 2, unit = 4], f32>):
    %w = fg.parameter "readout.weight" init zero scale 0.0 decay = true
      : !fg.array<[unit = 4, class = 3], f32>
    %l = fg.contract %a "nu", %w "uc" -> "nc"
      : (!fg.array<[batch = 2, unit = 4], f32>, !fg.array<[unit = 4, class = 3], f32>)
        -> !fg.array<[batch = 2, class = 3], f32>
    %c = fg.cross_entropy %l, %y over "class"
      : (!fg.array<[batch = 2, class = 3], f32>, !fg.array<[batch = 2], i32>)
        -> !fg.array<[batch = 2], f32>
    fg.yield %l, %c : !fg.array<[batch = 2, class = 3], f32>, !fg.array<[batch = 2], f32>
  }
}

// -----

// The nonlinearity comes behind what the loss looks at.

fg.model "Behind" {
  %x = fg.input "image" : !fg.array<[batch = 2, unit = 4], f32>
  %y = fg.label "class" : !fg.array<[batch = 2], i32>
  %b = fg.block "b" (%x) : (!fg.array<[batch = 2, unit = 4], f32>) -> (!fg.array<[batch = 2, unit = 4], f32>) {
  ^bb0(%a: !fg.array<[batch = 2, unit = 4], f32>):
    // expected-error @+2 {{parameter 'b.w' gets no gradient under the rule lg-fg-a}}
    // expected-note @+1 {{no perturbed nonlinearity (relu) of its block follows it}}
    %w = fg.parameter "b.w" init normal scale 0.5 decay = true : !fg.array<[unit = 4, out = 4], f32>
    %q = fg.contract %a "nu", %w "uv" -> "nv" : (!fg.array<[batch = 2, unit = 4], f32>, !fg.array<[unit = 4, out = 4], f32>) -> !fg.array<[batch = 2, unit = 4], f32>
    %r = fg.relu %q site "b.w" : !fg.array<[batch = 2, unit = 4], f32>
    fg.loss "b" per [] (%a) : !fg.array<[batch = 2, unit = 4], f32> {
    ^bb0(%h: !fg.array<[batch = 2, unit = 4], f32>):
      %e = fg.cross_entropy %h, %y over "unit" : (!fg.array<[batch = 2, unit = 4], f32>, !fg.array<[batch = 2], i32>) -> !fg.array<[batch = 2], f32>
      fg.yield %e : !fg.array<[batch = 2], f32>
    }
    fg.yield %r : !fg.array<[batch = 2, unit = 4], f32>
  }
  fg.predict "readout" (%b) : !fg.array<[batch = 2, unit = 4], f32> {
  ^bb0(%a: !fg.array<[batch = 2, unit = 4], f32>):
    %w = fg.parameter "readout.weight" init zero scale 0.0 decay = true
      : !fg.array<[unit = 4, class = 3], f32>
    %l = fg.contract %a "nu", %w "uc" -> "nc"
      : (!fg.array<[batch = 2, unit = 4], f32>, !fg.array<[unit = 4, class = 3], f32>)
        -> !fg.array<[batch = 2, class = 3], f32>
    %c = fg.cross_entropy %l, %y over "class"
      : (!fg.array<[batch = 2, class = 3], f32>, !fg.array<[batch = 2], i32>)
        -> !fg.array<[batch = 2], f32>
    fg.yield %l, %c : !fg.array<[batch = 2, class = 3], f32>, !fg.array<[batch = 2], f32>
  }
}

// -----

// A way around the nonlinearity.

fg.model "Around" {
  %x = fg.input "image" : !fg.array<[batch = 2, unit = 4], f32>
  %y = fg.label "class" : !fg.array<[batch = 2], i32>
  %b = fg.block "b" (%x) : (!fg.array<[batch = 2, unit = 4], f32>) -> (!fg.array<[batch = 2, unit = 4], f32>) {
  ^bb0(%a: !fg.array<[batch = 2, unit = 4], f32>):
    // expected-error @+2 {{parameter 'b.w' gets a part of its gradient only under the rule lg-fg-a}}
    // expected-note @+1 {{on a way without a nonlinearity (relu) too}}
    %w = fg.parameter "b.w" init normal scale 0.5 decay = true : !fg.array<[unit = 4, out = 4], f32>
    %q = fg.contract %a "nu", %w "uv" -> "nv" : (!fg.array<[batch = 2, unit = 4], f32>, !fg.array<[unit = 4, out = 4], f32>) -> !fg.array<[batch = 2, unit = 4], f32>
    %r = fg.relu %q site "b.w" : !fg.array<[batch = 2, unit = 4], f32>
    %s = fg.add %r, %q : (!fg.array<[batch = 2, unit = 4], f32>, !fg.array<[batch = 2, unit = 4], f32>) -> !fg.array<[batch = 2, unit = 4], f32>
    fg.loss "b" per [] (%s) : !fg.array<[batch = 2, unit = 4], f32> {
    ^bb0(%h: !fg.array<[batch = 2, unit = 4], f32>):
      %e = fg.cross_entropy %h, %y over "unit" : (!fg.array<[batch = 2, unit = 4], f32>, !fg.array<[batch = 2], i32>) -> !fg.array<[batch = 2], f32>
      fg.yield %e : !fg.array<[batch = 2], f32>
    }
    fg.yield %s : !fg.array<[batch = 2, unit = 4], f32>
  }
  fg.predict "readout" (%b) : !fg.array<[batch = 2, unit = 4], f32> {
  ^bb0(%a: !fg.array<[batch = 2, unit = 4], f32>):
    %w = fg.parameter "readout.weight" init zero scale 0.0 decay = true
      : !fg.array<[unit = 4, class = 3], f32>
    %l = fg.contract %a "nu", %w "uc" -> "nc"
      : (!fg.array<[batch = 2, unit = 4], f32>, !fg.array<[unit = 4, class = 3], f32>)
        -> !fg.array<[batch = 2, class = 3], f32>
    %c = fg.cross_entropy %l, %y over "class"
      : (!fg.array<[batch = 2, class = 3], f32>, !fg.array<[batch = 2], i32>)
        -> !fg.array<[batch = 2], f32>
    fg.yield %l, %c : !fg.array<[batch = 2, class = 3], f32>, !fg.array<[batch = 2], f32>
  }
}

// -----

// A block without a loss.

fg.model "Lossless" {
  %x = fg.input "image" : !fg.array<[batch = 2, unit = 4], f32>
  %y = fg.label "class" : !fg.array<[batch = 2], i32>
  %b = fg.block "b" (%x) : (!fg.array<[batch = 2, unit = 4], f32>) -> (!fg.array<[batch = 2, unit = 4], f32>) {
  ^bb0(%a: !fg.array<[batch = 2, unit = 4], f32>):
    // expected-error @+2 {{parameter 'b.w' gets no gradient under the rule lg-fg-a}}
    // expected-note @+1 {{its block has no loss of its own}}
    %w = fg.parameter "b.w" init normal scale 0.5 decay = true : !fg.array<[unit = 4, out = 4], f32>
    %q = fg.contract %a "nu", %w "uv" -> "nv" : (!fg.array<[batch = 2, unit = 4], f32>, !fg.array<[unit = 4, out = 4], f32>) -> !fg.array<[batch = 2, unit = 4], f32>
    %r = fg.relu %q site "b.w" : !fg.array<[batch = 2, unit = 4], f32>
    fg.yield %r : !fg.array<[batch = 2, unit = 4], f32>
  }
  fg.predict "readout" (%b) : !fg.array<[batch = 2, unit = 4], f32> {
  ^bb0(%a: !fg.array<[batch = 2, unit = 4], f32>):
    %w = fg.parameter "readout.weight" init zero scale 0.0 decay = true
      : !fg.array<[unit = 4, class = 3], f32>
    %l = fg.contract %a "nu", %w "uc" -> "nc"
      : (!fg.array<[batch = 2, unit = 4], f32>, !fg.array<[unit = 4, class = 3], f32>)
        -> !fg.array<[batch = 2, class = 3], f32>
    %c = fg.cross_entropy %l, %y over "class"
      : (!fg.array<[batch = 2, class = 3], f32>, !fg.array<[batch = 2], i32>)
        -> !fg.array<[batch = 2], f32>
    fg.yield %l, %c : !fg.array<[batch = 2, class = 3], f32>, !fg.array<[batch = 2], f32>
  }
}

// -----

// Parameters outside of all blocks.

fg.model "Outside" {
  %x = fg.input "image" : !fg.array<[batch = 2, unit = 4], f32>
  %y = fg.label "class" : !fg.array<[batch = 2], i32>
  // expected-error @+2 {{parameter 'w' gets no gradient under the rule lg-fg-a}}
  // expected-note @+1 {{it stands outside of all blocks}}
  %v = fg.parameter "w" init normal scale 0.5 decay = true : !fg.array<[unit = 4, out = 4], f32>
  %b = fg.contract %x "nu", %v "uv" -> "nv" : (!fg.array<[batch = 2, unit = 4], f32>, !fg.array<[unit = 4, out = 4], f32>) -> !fg.array<[batch = 2, unit = 4], f32>
  fg.predict "readout" (%b) : !fg.array<[batch = 2, unit = 4], f32> {
  ^bb0(%a: !fg.array<[batch = 2, unit = 4], f32>):
    %w = fg.parameter "readout.weight" init zero scale 0.0 decay = true
      : !fg.array<[unit = 4, class = 3], f32>
    %l = fg.contract %a "nu", %w "uc" -> "nc"
      : (!fg.array<[batch = 2, unit = 4], f32>, !fg.array<[unit = 4, class = 3], f32>)
        -> !fg.array<[batch = 2, class = 3], f32>
    %c = fg.cross_entropy %l, %y over "class"
      : (!fg.array<[batch = 2, class = 3], f32>, !fg.array<[batch = 2], i32>)
        -> !fg.array<[batch = 2], f32>
    fg.yield %l, %c : !fg.array<[batch = 2, class = 3], f32>, !fg.array<[batch = 2], f32>
  }
}

// -----

// A second loss.

fg.model "Twice" {
  %x = fg.input "image" : !fg.array<[batch = 2, unit = 4], f32>
  %y = fg.label "class" : !fg.array<[batch = 2], i32>
  %b = fg.block "b" (%x) : (!fg.array<[batch = 2, unit = 4], f32>) -> (!fg.array<[batch = 2, unit = 4], f32>) {
  ^bb0(%a: !fg.array<[batch = 2, unit = 4], f32>):
    %w = fg.parameter "b.w" init normal scale 0.5 decay = true : !fg.array<[unit = 4, out = 4], f32>
    %q = fg.contract %a "nu", %w "uv" -> "nv" : (!fg.array<[batch = 2, unit = 4], f32>, !fg.array<[unit = 4, out = 4], f32>) -> !fg.array<[batch = 2, unit = 4], f32>
    %r = fg.relu %q site "b.w" : !fg.array<[batch = 2, unit = 4], f32>
    fg.loss "b" per [] (%r) : !fg.array<[batch = 2, unit = 4], f32> {
    ^bb0(%h: !fg.array<[batch = 2, unit = 4], f32>):
      %e = fg.cross_entropy %h, %y over "unit" : (!fg.array<[batch = 2, unit = 4], f32>, !fg.array<[batch = 2], i32>) -> !fg.array<[batch = 2], f32>
      fg.yield %e : !fg.array<[batch = 2], f32>
    }
    // expected-error @+1 {{a block has one loss; this is the second one}}
    fg.loss "c" per [] (%r) : !fg.array<[batch = 2, unit = 4], f32> {
    ^bb0(%h: !fg.array<[batch = 2, unit = 4], f32>):
      %e = fg.cross_entropy %h, %y over "unit" : (!fg.array<[batch = 2, unit = 4], f32>, !fg.array<[batch = 2], i32>) -> !fg.array<[batch = 2], f32>
      fg.yield %e : !fg.array<[batch = 2], f32>
    }
    fg.yield %r : !fg.array<[batch = 2, unit = 4], f32>
  }
  fg.predict "readout" (%b) : !fg.array<[batch = 2, unit = 4], f32> {
  ^bb0(%a: !fg.array<[batch = 2, unit = 4], f32>):
    %w = fg.parameter "readout.weight" init zero scale 0.0 decay = true
      : !fg.array<[unit = 4, class = 3], f32>
    %l = fg.contract %a "nu", %w "uc" -> "nc"
      : (!fg.array<[batch = 2, unit = 4], f32>, !fg.array<[unit = 4, class = 3], f32>)
        -> !fg.array<[batch = 2, class = 3], f32>
    %c = fg.cross_entropy %l, %y over "class"
      : (!fg.array<[batch = 2, class = 3], f32>, !fg.array<[batch = 2], i32>)
        -> !fg.array<[batch = 2], f32>
    fg.yield %l, %c : !fg.array<[batch = 2, class = 3], f32>, !fg.array<[batch = 2], f32>
  }
}

// -----

// A loss outside of all blocks.

fg.model "Loose" {
  %x = fg.input "image" : !fg.array<[batch = 2, unit = 4], f32>
  %y = fg.label "class" : !fg.array<[batch = 2], i32>
  // expected-error @+1 {{a loss stands in a block}}
  fg.loss "b" per [] (%x) : !fg.array<[batch = 2, unit = 4], f32> {
  ^bb0(%h: !fg.array<[batch = 2, unit = 4], f32>):
    %e = fg.cross_entropy %h, %y over "unit" : (!fg.array<[batch = 2, unit = 4], f32>, !fg.array<[batch = 2], i32>) -> !fg.array<[batch = 2], f32>
    fg.yield %e : !fg.array<[batch = 2], f32>
  }
  fg.predict "readout" (%x) : !fg.array<[batch = 2, unit = 4], f32> {
  ^bb0(%a: !fg.array<[batch = 2, unit = 4], f32>):
    %w = fg.parameter "readout.weight" init zero scale 0.0 decay = true
      : !fg.array<[unit = 4, class = 3], f32>
    %l = fg.contract %a "nu", %w "uc" -> "nc"
      : (!fg.array<[batch = 2, unit = 4], f32>, !fg.array<[unit = 4, class = 3], f32>)
        -> !fg.array<[batch = 2, class = 3], f32>
    %c = fg.cross_entropy %l, %y over "class"
      : (!fg.array<[batch = 2, class = 3], f32>, !fg.array<[batch = 2], i32>)
        -> !fg.array<[batch = 2], f32>
    fg.yield %l, %c : !fg.array<[batch = 2, class = 3], f32>, !fg.array<[batch = 2], f32>
  }
}

// -----

// Two nonlinearities of one name and different shape.

fg.model "Names" {
  %x = fg.input "image" : !fg.array<[batch = 2, unit = 4], f32>
  %y = fg.label "class" : !fg.array<[batch = 2], i32>
  %b = fg.block "b" (%x) : (!fg.array<[batch = 2, unit = 4], f32>) -> (!fg.array<[batch = 2, unit = 4], f32>) {
  ^bb0(%a: !fg.array<[batch = 2, unit = 4], f32>):
    %w = fg.parameter "b.w" init normal scale 0.5 decay = true : !fg.array<[unit = 4, out = 4], f32>
    %q = fg.contract %a "nu", %w "uv" -> "nv" : (!fg.array<[batch = 2, unit = 4], f32>, !fg.array<[unit = 4, out = 4], f32>) -> !fg.array<[batch = 2, unit = 4], f32>
    %n = fg.relu %q site "b.w" : !fg.array<[batch = 2, unit = 4], f32>
    %t = fg.sum %n over ["unit"] : !fg.array<[batch = 2, unit = 4], f32> -> !fg.array<[batch = 2], f32>
    // expected-error @+1 {{there are two nonlinearities called 'b.w'; name them differently}}
    %u = fg.relu %t site "b.w" : !fg.array<[batch = 2], f32>
    %s = fg.add %n, %u : (!fg.array<[batch = 2, unit = 4], f32>, !fg.array<[batch = 2], f32>) -> !fg.array<[batch = 2, unit = 4], f32>
    fg.loss "b" per [] (%s) : !fg.array<[batch = 2, unit = 4], f32> {
    ^bb0(%h: !fg.array<[batch = 2, unit = 4], f32>):
      %e = fg.cross_entropy %h, %y over "unit" : (!fg.array<[batch = 2, unit = 4], f32>, !fg.array<[batch = 2], i32>) -> !fg.array<[batch = 2], f32>
      fg.yield %e : !fg.array<[batch = 2], f32>
    }
    fg.yield %s : !fg.array<[batch = 2, unit = 4], f32>
  }
  fg.predict "readout" (%b) : !fg.array<[batch = 2, unit = 4], f32> {
  ^bb0(%a: !fg.array<[batch = 2, unit = 4], f32>):
    %w = fg.parameter "readout.weight" init zero scale 0.0 decay = true
      : !fg.array<[unit = 4, class = 3], f32>
    %l = fg.contract %a "nu", %w "uc" -> "nc"
      : (!fg.array<[batch = 2, unit = 4], f32>, !fg.array<[unit = 4, class = 3], f32>)
        -> !fg.array<[batch = 2, class = 3], f32>
    %c = fg.cross_entropy %l, %y over "class"
      : (!fg.array<[batch = 2, class = 3], f32>, !fg.array<[batch = 2], i32>)
        -> !fg.array<[batch = 2], f32>
    fg.yield %l, %c : !fg.array<[batch = 2, class = 3], f32>, !fg.array<[batch = 2], f32>
  }
}

// -----

// No input.

// expected-error @+1 {{the model has no input}}
fg.model "Blind" {
  %y = fg.label "class" : !fg.array<[batch = 2], i32>
  %x = fg.constant [1.0] : !fg.array<[batch = 2, class = 3], f32>
  fg.predict "readout" (%x) : !fg.array<[batch = 2, class = 3], f32> {
  ^bb0(%a: !fg.array<[batch = 2, class = 3], f32>):
    %c = fg.cross_entropy %a, %y over "class"
      : (!fg.array<[batch = 2, class = 3], f32>, !fg.array<[batch = 2], i32>) -> !fg.array<[batch = 2], f32>
    fg.yield %a, %c : !fg.array<[batch = 2, class = 3], f32>, !fg.array<[batch = 2], f32>
  }
}

// -----

// Nothing to learn.

fg.model "Fixed" {
  %x = fg.input "image" : !fg.array<[batch = 2, class = 3], f32>
  %y = fg.label "class" : !fg.array<[batch = 2], i32>
  // expected-error @+1 {{nothing in this model learns}}
  fg.predict "readout" (%x) : !fg.array<[batch = 2, class = 3], f32> {
  ^bb0(%a: !fg.array<[batch = 2, class = 3], f32>):
    %c = fg.cross_entropy %a, %y over "class"
      : (!fg.array<[batch = 2, class = 3], f32>, !fg.array<[batch = 2], i32>) -> !fg.array<[batch = 2], f32>
    fg.yield %a, %c : !fg.array<[batch = 2, class = 3], f32>, !fg.array<[batch = 2], f32>
  }
}
