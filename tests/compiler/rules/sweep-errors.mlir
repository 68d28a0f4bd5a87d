// RUN: not %fg-opt %s --fg-rule-bp 2>&1 | FileCheck %s --check-prefix=BACK
// RUN: not %fg-opt %s --fg-rule-lg-fg-a 2>&1 | FileCheck %s --check-prefix=FORWARD
// An op without derivatives between a layer and its loss: each rule says at the model's line
// which derivative it needs there.

// BACK: net.fg:7:9: error: the learning rule carries derivatives back through 'positive', but 'positive' has no cotangent
// BACK: note: docs/operations.md tells what each operation has
// FORWARD: net.fg:7:9: error: the learning rule carries derivatives forward through 'positive', but 'positive' has no tangent
// FORWARD: note: docs/operations.md tells what each operation has

fg.model "Net" {
  %x = fg.input "image" : !fg.array<[batch = 2, unit = 4], f32>
  %y = fg.label "class" : !fg.array<[batch = 2], i32>
  %b = fg.block "b" (%x) : (!fg.array<[batch = 2, unit = 4], f32>) -> (!fg.array<[batch = 2, unit = 4], f32>) {
  ^bb0(%a: !fg.array<[batch = 2, unit = 4], f32>):
    %w = fg.parameter "b.w" init normal scale 0.5 decay = true : !fg.array<[unit = 4, out = 4], f32>
    %q = fg.contract %a "nu", %w "uv" -> "nv" : (!fg.array<[batch = 2, unit = 4], f32>, !fg.array<[unit = 4, out = 4], f32>) -> !fg.array<[batch = 2, unit = 4], f32>
    %r = fg.relu %q site "b.w" : !fg.array<[batch = 2, unit = 4], f32>
    %p = fg.positive %r : !fg.array<[batch = 2, unit = 4], f32> loc("net.fg":7:9)
    fg.loss "b" per [] (%p) : !fg.array<[batch = 2, unit = 4], f32> {
    ^bb0(%h: !fg.array<[batch = 2, unit = 4], f32>):
      %e = fg.cross_entropy %h, %y over "unit" : (!fg.array<[batch = 2, unit = 4], f32>, !fg.array<[batch = 2], i32>) -> !fg.array<[batch = 2], f32>
      fg.yield %e : !fg.array<[batch = 2], f32>
    }
    fg.yield %p : !fg.array<[batch = 2, unit = 4], f32>
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
