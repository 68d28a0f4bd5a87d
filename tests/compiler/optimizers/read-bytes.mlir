// RUN: %fg-opt %s --fg-read-bytes --split-input-file | FileCheck %s

// What anyone may call with numbers stays as it is.
// CHECK: fg.entry "gradient" {
// CHECK-NEXT: fg.read "image" role {{ ?}}input : <[batch = 2, pixel = 3], f64>

// CHECK: fg.entry "eval" {
// CHECK-NEXT: %[[BYTES:.*]] = fg.read "image.bytes" role {{ ?}}input : <[batch = 2, pixel = 3], i8>
// CHECK-NEXT: %[[NUMBERS:.*]] = fg.cast %[[BYTES]] : <[batch = 2, pixel = 3], i8> -> <[batch = 2, pixel = 3], f64>
// CHECK-NEXT: %[[MOST:.*]] = fg.constant [2.550000e+02] : <[], f64>
// CHECK-NEXT: %[[SCALED:.*]] = fg.div %[[NUMBERS]], %[[MOST]]
// CHECK-NEXT: fg.write %[[SCALED]] to "logits"

fg.model "Bytes" {
  %x = fg.input "image" bytes : <[batch = 2, pixel = 3], f64>
  %y = fg.label "class" : <[batch = 2], i32>
  fg.predict "readout"(%x) : <[batch = 2, pixel = 3], f64> {
  ^bb0(%a: !fg.array<[batch = 2, pixel = 3], f64>):
    %l = fg.cross_entropy %a, %y over "pixel" : (<[batch = 2, pixel = 3], f64>, <[batch = 2], i32>) -> <[batch = 2], f64>
    fg.yield %a, %l : !fg.array<[batch = 2, pixel = 3], f64>, !fg.array<[batch = 2], f64>
  }
}
fg.entry "gradient" {
  %x = fg.read "image" role input : <[batch = 2, pixel = 3], f64>
  fg.write %x to "logits" role output : <[batch = 2, pixel = 3], f64>
}
fg.entry "eval" {
  %x = fg.read "image" role input : <[batch = 2, pixel = 3], f64>
  fg.write %x to "logits" role output : <[batch = 2, pixel = 3], f64>
}

// -----

// Raw data that are numbers stay numbers everywhere.
// CHECK: fg.entry "eval" {
// CHECK-NEXT: fg.read "image" role {{ ?}}input : <[batch = 2, pixel = 3], f32>

fg.model "Numbers" {
  %x = fg.input "image" : <[batch = 2, pixel = 3], f32>
  %y = fg.label "class" : <[batch = 2], i32>
  fg.predict "readout"(%x) : <[batch = 2, pixel = 3], f32> {
  ^bb0(%a: !fg.array<[batch = 2, pixel = 3], f32>):
    %l = fg.cross_entropy %a, %y over "pixel" : (<[batch = 2, pixel = 3], f32>, <[batch = 2], i32>) -> <[batch = 2], f32>
    fg.yield %a, %l : !fg.array<[batch = 2, pixel = 3], f32>, !fg.array<[batch = 2], f32>
  }
}
fg.entry "eval" {
  %x = fg.read "image" role input : <[batch = 2, pixel = 3], f32>
  fg.write %x to "logits" role output : <[batch = 2, pixel = 3], f32>
}
