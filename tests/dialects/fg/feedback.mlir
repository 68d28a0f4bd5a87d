// RUN: %fg-opt %s | %fg-opt | FileCheck %s
// RUN: %fg-opt %s --fg-write-entries | FileCheck %s --check-prefix=INIT

// CHECK: fg.feedback "block0.layer.feedback.weight" scale 5.000000e-02 : !fg.array<[pixel = 4, unit = 3], f32>

// Drawn behind the parameters, each from a stream of its own.
// INIT: fg.entry "init" rare {
// INIT: %[[U:.*]] = fg.perturb %{{.*}} site [[#FIRST:]] law {{ ?}}gaussian {{.*}} <[pixel = 4, unit = 3], f32>
// INIT: %[[F:.*]] = fg.scale %[[U]] by 5.000000e-02
// INIT: fg.write %[[F]] to "block0.layer.feedback.weight" role {{ ?}}feedback
// INIT: fg.perturb %{{.*}} site [[#FIRST + 1]] law {{ ?}}gaussian {{.*}} <[unit = 3], f32>

fg.model "Tiny" {
  %x = fg.input "image" : !fg.array<[batch = 4, pixel = 3], f32>
  %y = fg.label "class" : !fg.array<[batch = 4], i32>
  fg.predict "readout" (%x) : !fg.array<[batch = 4, pixel = 3], f32> {
  ^bb0(%a: !fg.array<[batch = 4, pixel = 3], f32>):
    %w = fg.parameter "readout.weight" init zero scale 0.000000e+00 decay = true : !fg.array<[pixel = 3, class = 2], f32>
    %l = fg.contract %a "np", %w "pc" -> "nc" : (!fg.array<[batch = 4, pixel = 3], f32>, !fg.array<[pixel = 3, class = 2], f32>) -> !fg.array<[batch = 4, class = 2], f32>
    %c = fg.cross_entropy %l, %y over "class" : (!fg.array<[batch = 4, class = 2], f32>, !fg.array<[batch = 4], i32>) -> !fg.array<[batch = 4], f32>
    fg.yield %l, %c : !fg.array<[batch = 4, class = 2], f32>, !fg.array<[batch = 4], f32>
  }
  fg.feedback "block0.layer.feedback.weight" scale 5.000000e-02 : !fg.array<[pixel = 4, unit = 3], f32>
  fg.feedback "block1.layer.feedback.weight" scale 5.000000e-02 : !fg.array<[unit = 3], f32>
}
