// RUN: %fg-opt %s | %fg-opt | FileCheck %s

// CHECK: fg.model "Tiny" {
// CHECK: fg.input "image" : <[batch = 4, pixel = 3], f32>
// CHECK: fg.label "class" : <[batch = 4], i32>
// CHECK: fg.block "block0"(%{{.*}}) : (!fg.array<[batch = 4, pixel = 3], f32>) -> !fg.array<[batch = 4, pixel = 3], f32> {
// CHECK: fg.loss "block0" per ["pixel"](%{{.*}}) : <[batch = 4, pixel = 3], f32> {
// CHECK: fg.predict "readout"(%{{.*}}) : <[batch = 4, pixel = 3], f32> {
// CHECK: fg.parameter "readout.weight" init zero scale 0.000000e+00 decay = true :
// CHECK: fg.yield %{{.*}}, %{{.*}} :

fg.model "Tiny" {
  %x = fg.input "image" : !fg.array<[batch = 4, pixel = 3], f32>
  %y = fg.label "class" : !fg.array<[batch = 4], i32>
  %x1 = fg.block "block0" (%x) : (!fg.array<[batch = 4, pixel = 3], f32>)
          -> (!fg.array<[batch = 4, pixel = 3], f32>) {
  ^bb0(%a: !fg.array<[batch = 4, pixel = 3], f32>):
    %h = fg.relu %a site "block0.layer" : !fg.array<[batch = 4, pixel = 3], f32>
    fg.yield %h : !fg.array<[batch = 4, pixel = 3], f32>
  }
  fg.loss "block0" per ["pixel"] (%x1) : !fg.array<[batch = 4, pixel = 3], f32> {
  ^bb0(%a: !fg.array<[batch = 4, pixel = 3], f32>):
    %l = fg.cross_entropy %a, %y over "pixel"
      : (!fg.array<[batch = 4, pixel = 3], f32>, !fg.array<[batch = 4], i32>) -> !fg.array<[batch = 4], f32>
    fg.yield %l : !fg.array<[batch = 4], f32>
  }
  fg.predict "readout" (%x1) : !fg.array<[batch = 4, pixel = 3], f32> {
  ^bb0(%a: !fg.array<[batch = 4, pixel = 3], f32>):
    %w = fg.parameter "readout.weight" init zero scale 0.000000e+00 decay = true
      : !fg.array<[pixel = 3, class = 2], f32>
    %l = fg.contract %a "np", %w "pc" -> "nc"
      : (!fg.array<[batch = 4, pixel = 3], f32>, !fg.array<[pixel = 3, class = 2], f32>)
        -> !fg.array<[batch = 4, class = 2], f32>
    %c = fg.cross_entropy %l, %y over "class"
      : (!fg.array<[batch = 4, class = 2], f32>, !fg.array<[batch = 4], i32>)
        -> !fg.array<[batch = 4], f32>
    fg.yield %l, %c : !fg.array<[batch = 4, class = 2], f32>, !fg.array<[batch = 4], f32>
  }
}
