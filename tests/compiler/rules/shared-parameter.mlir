// RUN: %fg-opt %s --fg-rule-lg-fg-a | FileCheck %s
// RUN: %fg-opt %s --fg-rule-bp | FileCheck %s --check-prefix=BP

// A parameter that two blocks share learns from both of them.

// CHECK: fg.entry "gradient"
// CHECK-COUNT-1: fg.read "shared.w"
// CHECK: %[[FIRST:.*]] = fg.contract {{.*}} -> <[unit = 4, out = 4], f32>
// CHECK: %[[SECOND:.*]] = fg.contract {{.*}} -> <[unit = 4, out = 4], f32>
// CHECK: %[[SUM:.*]] = fg.add %[[FIRST]], %[[SECOND]]
// CHECK: fg.write %[[SUM]] to "shared.w.grad"

// BP: fg.entry "gradient"
// BP: %[[SECOND:.*]] = fg.contract {{.*}} -> <[unit = 4, out = 4], f32>
// BP: %[[FIRST:.*]] = fg.contract {{.*}} -> <[unit = 4, out = 4], f32>
// BP: %[[SUM:.*]] = fg.add %[[SECOND]], %[[FIRST]]
// BP-NOT: fg.add
// BP: fg.write %[[SUM]] to "shared.w.grad"

fg.model "Shared" {
  %x = fg.input "image" : !fg.array<[batch = 2, unit = 4], f32>
  %y = fg.label "class" : !fg.array<[batch = 2], i32>
  %b = fg.block "b0" (%x) : (!fg.array<[batch = 2, unit = 4], f32>) -> (!fg.array<[batch = 2, unit = 4], f32>) {
  ^bb0(%a: !fg.array<[batch = 2, unit = 4], f32>):
    %w = fg.parameter "shared.w" init normal scale 0.5 decay = true : !fg.array<[unit = 4, out = 4], f32>
    %q = fg.contract %a "nu", %w "uv" -> "nv" : (!fg.array<[batch = 2, unit = 4], f32>, !fg.array<[unit = 4, out = 4], f32>) -> !fg.array<[batch = 2, unit = 4], f32>
    %r = fg.relu %q site "b0.w" : !fg.array<[batch = 2, unit = 4], f32>
    fg.loss "b0" per [] (%r) : !fg.array<[batch = 2, unit = 4], f32> {
    ^bb0(%h: !fg.array<[batch = 2, unit = 4], f32>):
      %e = fg.cross_entropy %h, %y over "unit" : (!fg.array<[batch = 2, unit = 4], f32>, !fg.array<[batch = 2], i32>) -> !fg.array<[batch = 2], f32>
      fg.yield %e : !fg.array<[batch = 2], f32>
    }
    fg.yield %r : !fg.array<[batch = 2, unit = 4], f32>
  }
  %d = fg.block "b1" (%b) : (!fg.array<[batch = 2, unit = 4], f32>) -> (!fg.array<[batch = 2, unit = 4], f32>) {
  ^bb0(%a: !fg.array<[batch = 2, unit = 4], f32>):
    %w = fg.parameter "shared.w" init normal scale 0.5 decay = true : !fg.array<[unit = 4, out = 4], f32>
    %q = fg.contract %a "nu", %w "uv" -> "nv" : (!fg.array<[batch = 2, unit = 4], f32>, !fg.array<[unit = 4, out = 4], f32>) -> !fg.array<[batch = 2, unit = 4], f32>
    %r = fg.relu %q site "b1.w" : !fg.array<[batch = 2, unit = 4], f32>
    fg.loss "b1" per [] (%r) : !fg.array<[batch = 2, unit = 4], f32> {
    ^bb0(%h: !fg.array<[batch = 2, unit = 4], f32>):
      %e = fg.cross_entropy %h, %y over "unit" : (!fg.array<[batch = 2, unit = 4], f32>, !fg.array<[batch = 2], i32>) -> !fg.array<[batch = 2], f32>
      fg.yield %e : !fg.array<[batch = 2], f32>
    }
    fg.yield %r : !fg.array<[batch = 2, unit = 4], f32>
  }
  fg.predict "readout" (%d) : !fg.array<[batch = 2, unit = 4], f32> {
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
