// Two blocks: a token layer and a unit layer, then a unit layer; losses per token.

module {
  fg.model "Two" {
    %0 = fg.input "image" : <[batch = 2, token = 2, unit = 4], f32>
    %1 = fg.label "class" : <[batch = 2], i32>
    %2 = fg.block "block0"(%0) : (!fg.array<[batch = 2, token = 2, unit = 4], f32>) -> !fg.array<[batch = 2, token = 2, unit = 4], f32> {
    ^bb0(%arg0: !fg.array<[batch = 2, token = 2, unit = 4], f32>):
      %4 = fg.parameter "block0.mixed.weight" init  normal scale 1.000000e-01 decay = true : <[token = 2, "token'" = 2], f32>
      %5 = fg.contract %arg0 "abc", %4 "bd" -> "adc" : (<[batch = 2, token = 2, unit = 4], f32>, <[token = 2, "token'" = 2], f32>) -> <[batch = 2, token = 2, unit = 4], f32>
      %6 = fg.parameter "block0.mixed.bias" init  zero scale 0.000000e+00 decay = false : <[token = 2], f32>
      %7 = fg.add %5, %6 : (<[batch = 2, token = 2, unit = 4], f32>, <[token = 2], f32>) -> <[batch = 2, token = 2, unit = 4], f32>
      %result, %inverseDeviation = fg.norm %7 over ["unit"] epsilon 1.000000e-05 : <[batch = 2, token = 2, unit = 4], f32>, <[batch = 2, token = 2], f32>
      %8 = fg.relu %result site "block0.mixed" : <[batch = 2, token = 2, unit = 4], f32>
      %9 = fg.parameter "block0.layer.weight" init  normal scale 1.000000e-01 decay = true : <[unit = 4, "unit'" = 4], f32>
      %10 = fg.contract %8 "abc", %9 "cd" -> "abd" : (<[batch = 2, token = 2, unit = 4], f32>, <[unit = 4, "unit'" = 4], f32>) -> <[batch = 2, token = 2, unit = 4], f32>
      %11 = fg.parameter "block0.layer.bias" init  zero scale 0.000000e+00 decay = false : <[unit = 4], f32>
      %12 = fg.add %10, %11 : (<[batch = 2, token = 2, unit = 4], f32>, <[unit = 4], f32>) -> <[batch = 2, token = 2, unit = 4], f32>
      %result_0, %inverseDeviation_1 = fg.norm %12 over ["unit"] epsilon 1.000000e-05 : <[batch = 2, token = 2, unit = 4], f32>, <[batch = 2, token = 2], f32>
      %13 = fg.relu %result_0 site "block0.layer" : <[batch = 2, token = 2, unit = 4], f32>
      fg.loss "block0" per ["token"](%13) : <[batch = 2, token = 2, unit = 4], f32> {
      ^bb0(%arg1: !fg.array<[batch = 2, token = 2, unit = 4], f32>):
        %14 = fg.sum %arg1 over ["token"] : <[batch = 2, token = 2, unit = 4], f32> -> <[batch = 2, unit = 4], f32>
        %15 = fg.scale %14 by 5.000000e-01 : <[batch = 2, unit = 4], f32>
        %16 = fg.parameter "block0.head.weight" init  normal scale 1.000000e-01 decay = true rate "head_rate" : <[unit = 4, class = 3], f32>
        %17 = fg.contract %15 "ab", %16 "bc" -> "ac" : (<[batch = 2, unit = 4], f32>, <[unit = 4, class = 3], f32>) -> <[batch = 2, class = 3], f32>
        %18 = fg.parameter "block0.head.bias" init  zero scale 0.000000e+00 decay = false rate "head_rate" : <[class = 3], f32>
        %19 = fg.add %17, %18 : (<[batch = 2, class = 3], f32>, <[class = 3], f32>) -> <[batch = 2, class = 3], f32>
        %20 = fg.cross_entropy %19, %1 over "class" : (<[batch = 2, class = 3], f32>, <[batch = 2], i32>) -> <[batch = 2], f32>
        fg.yield %20 : !fg.array<[batch = 2], f32>
      }
      fg.yield %13 : !fg.array<[batch = 2, token = 2, unit = 4], f32>
    }
    %3 = fg.block "block1"(%2) : (!fg.array<[batch = 2, token = 2, unit = 4], f32>) -> !fg.array<[batch = 2, token = 2, unit = 4], f32> {
    ^bb0(%arg0: !fg.array<[batch = 2, token = 2, unit = 4], f32>):
      %4 = fg.parameter "block1.layer.weight" init  normal scale 1.000000e-01 decay = true : <[unit = 4, "unit'" = 4], f32>
      %5 = fg.contract %arg0 "abc", %4 "cd" -> "abd" : (<[batch = 2, token = 2, unit = 4], f32>, <[unit = 4, "unit'" = 4], f32>) -> <[batch = 2, token = 2, unit = 4], f32>
      %6 = fg.parameter "block1.layer.bias" init  zero scale 0.000000e+00 decay = false : <[unit = 4], f32>
      %7 = fg.add %5, %6 : (<[batch = 2, token = 2, unit = 4], f32>, <[unit = 4], f32>) -> <[batch = 2, token = 2, unit = 4], f32>
      %8 = fg.relu %7 site "block1.layer" : <[batch = 2, token = 2, unit = 4], f32>
      fg.loss "block1" per ["token"](%8) : <[batch = 2, token = 2, unit = 4], f32> {
      ^bb0(%arg1: !fg.array<[batch = 2, token = 2, unit = 4], f32>):
        %9 = fg.sum %arg1 over ["token"] : <[batch = 2, token = 2, unit = 4], f32> -> <[batch = 2, unit = 4], f32>
        %10 = fg.scale %9 by 5.000000e-01 : <[batch = 2, unit = 4], f32>
        %11 = fg.parameter "block1.head.weight" init  normal scale 1.000000e-01 decay = true rate "head_rate" : <[unit = 4, class = 3], f32>
        %12 = fg.contract %10 "ab", %11 "bc" -> "ac" : (<[batch = 2, unit = 4], f32>, <[unit = 4, class = 3], f32>) -> <[batch = 2, class = 3], f32>
        %13 = fg.parameter "block1.head.bias" init  zero scale 0.000000e+00 decay = false rate "head_rate" : <[class = 3], f32>
        %14 = fg.add %12, %13 : (<[batch = 2, class = 3], f32>, <[class = 3], f32>) -> <[batch = 2, class = 3], f32>
        %15 = fg.cross_entropy %14, %1 over "class" : (<[batch = 2, class = 3], f32>, <[batch = 2], i32>) -> <[batch = 2], f32>
        fg.yield %15 : !fg.array<[batch = 2], f32>
      }
      fg.yield %8 : !fg.array<[batch = 2, token = 2, unit = 4], f32>
    }
    fg.predict "readout"(%3) : <[batch = 2, token = 2, unit = 4], f32> {
    ^bb0(%arg0: !fg.array<[batch = 2, token = 2, unit = 4], f32>):
      %4 = fg.sum %arg0 over ["token"] : <[batch = 2, token = 2, unit = 4], f32> -> <[batch = 2, unit = 4], f32>
      %5 = fg.scale %4 by 5.000000e-01 : <[batch = 2, unit = 4], f32>
      %6 = fg.parameter "readout.weight" init  zero scale 0.000000e+00 decay = true rate "last_layer_rate" : <[unit = 4, class = 3], f32>
      %7 = fg.contract %5 "ab", %6 "bc" -> "ac" : (<[batch = 2, unit = 4], f32>, <[unit = 4, class = 3], f32>) -> <[batch = 2, class = 3], f32>
      %8 = fg.parameter "readout.bias" init  zero scale 0.000000e+00 decay = false rate "last_layer_rate" : <[class = 3], f32>
      %9 = fg.add %7, %8 : (<[batch = 2, class = 3], f32>, <[class = 3], f32>) -> <[batch = 2, class = 3], f32>
      %10 = fg.cross_entropy %9, %1 over "class" : (<[batch = 2, class = 3], f32>, <[batch = 2], i32>) -> <[batch = 2], f32>
      fg.yield %9, %10 : !fg.array<[batch = 2, class = 3], f32>, !fg.array<[batch = 2], f32>
    }
  }
}

