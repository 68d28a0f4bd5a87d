// RUN: %fg-opt %s --fg-rule-lg-fg-a --split-input-file | FileCheck %s

// A unit learns from those copies of the loss that it can influence.

// Behind a token layer a channel layer mixes the channels of each token, so that its units
// reach all groups of their own token. A channel or group layer's reach their own token
// and group only: the loss tangents are repeated over the group's channels.

// CHECK-LABEL: fg.model "Mixer"
// CHECK: fg.entry "gradient"
// CHECK: %[[TOKEN:.*]] = fg.perturb {{.*}} site 0
// CHECK: %[[CHANNEL:.*]] = fg.perturb {{.*}} site 1
// CHECK: %[[GROUP:.*]] = fg.perturb {{.*}} site 2
// CHECK: %[[S:.*]] = fg.replicated_tangent per ["token", "group"]{{.*}} -> <[batch = 2, token = 2, group = 2], f32>
// CHECK: %[[ALL:.*]] = fg.sum %[[S]] over ["group"]
// CHECK: %[[TOKENM:.*]] = fg.mul %[[TOKEN]]
// CHECK: fg.mul %[[TOKENM]], %[[ALL]]
// CHECK: %[[WIDE:.*]] = fg.broadcast %[[S]] : {{.*}} -> <[batch = 2, token = 2, "#channel0" = 1, group = 2, "#channel2" = 3], f32>
// CHECK: %[[OWN:.*]] = fg.merge %[[WIDE]] axes ["#channel0", "group", "#channel2"] into "channel"
// CHECK: %[[CHANNELM:.*]] = fg.mul %[[CHANNEL]]
// CHECK: fg.mul %[[CHANNELM]], %[[OWN]]
// CHECK: %[[GROUPM:.*]] = fg.mul %[[GROUP]]
// CHECK: fg.mul %[[GROUPM]], %[[S]]

fg.model "Mixer" {
  %0 = fg.input "image" : <[batch = 2, token = 2, channel = 6], f32>
  %1 = fg.label "class" : <[batch = 2], i32>
  %2 = fg.block "block0"(%0) : (!fg.array<[batch = 2, token = 2, channel = 6], f32>) -> !fg.array<[batch = 2, token = 2, group = 2, unit = 3], f32> {
  ^bb0(%arg0: !fg.array<[batch = 2, token = 2, channel = 6], f32>):
    %3 = fg.parameter "block0.token.weight" init  normal scale 1.000000e-01 decay = true : <[token = 2, "token'" = 2], f32>
    %4 = fg.contract %arg0 "abc", %3 "bd" -> "adc" : (<[batch = 2, token = 2, channel = 6], f32>, <[token = 2, "token'" = 2], f32>) -> <[batch = 2, token = 2, channel = 6], f32>
    %5 = fg.parameter "block0.token.bias" init  zero scale 0.000000e+00 decay = false : <[token = 2], f32>
    %6 = fg.add %4, %5 : (<[batch = 2, token = 2, channel = 6], f32>, <[token = 2], f32>) -> <[batch = 2, token = 2, channel = 6], f32>
    %result, %inverseDeviation = fg.norm %6 over ["channel"] epsilon 1.000000e-05 : <[batch = 2, token = 2, channel = 6], f32>, <[batch = 2, token = 2], f32>
    %7 = fg.relu %result site "block0.token" : <[batch = 2, token = 2, channel = 6], f32>
    %8 = fg.parameter "block0.channel.weight" init  normal scale 1.000000e-01 decay = true : <[channel = 6, "channel'" = 6], f32>
    %9 = fg.contract %7 "abc", %8 "cd" -> "abd" : (<[batch = 2, token = 2, channel = 6], f32>, <[channel = 6, "channel'" = 6], f32>) -> <[batch = 2, token = 2, channel = 6], f32>
    %10 = fg.parameter "block0.channel.bias" init  zero scale 0.000000e+00 decay = false : <[channel = 6], f32>
    %11 = fg.add %9, %10 : (<[batch = 2, token = 2, channel = 6], f32>, <[channel = 6], f32>) -> <[batch = 2, token = 2, channel = 6], f32>
    %result_0, %inverseDeviation_1 = fg.norm %11 over ["channel"] epsilon 1.000000e-05 : <[batch = 2, token = 2, channel = 6], f32>, <[batch = 2, token = 2], f32>
    %12 = fg.relu %result_0 site "block0.channel" : <[batch = 2, token = 2, channel = 6], f32>
    %13 = fg.split %12 axis "channel" into ["group", "unit"] : <[batch = 2, token = 2, channel = 6], f32> -> <[batch = 2, token = 2, group = 2, unit = 3], f32>
    %14 = fg.parameter "block0.group.weight" init  normal scale 1.000000e-01 decay = true : <[group = 2, unit = 3, "unit'" = 3], f32>
    %15 = fg.contract %13 "abcd", %14 "cde" -> "abce" : (<[batch = 2, token = 2, group = 2, unit = 3], f32>, <[group = 2, unit = 3, "unit'" = 3], f32>) -> <[batch = 2, token = 2, group = 2, unit = 3], f32>
    %16 = fg.parameter "block0.group.bias" init  zero scale 0.000000e+00 decay = false : <[group = 2, unit = 3], f32>
    %17 = fg.add %15, %16 : (<[batch = 2, token = 2, group = 2, unit = 3], f32>, <[group = 2, unit = 3], f32>) -> <[batch = 2, token = 2, group = 2, unit = 3], f32>
    %result_2, %inverseDeviation_3 = fg.norm %17 over ["unit"] epsilon 1.000000e-05 : <[batch = 2, token = 2, group = 2, unit = 3], f32>, <[batch = 2, token = 2, group = 2], f32>
    %18 = fg.relu %result_2 site "block0.group" : <[batch = 2, token = 2, group = 2, unit = 3], f32>
    fg.loss "block0" per ["token", "group"](%18) : <[batch = 2, token = 2, group = 2, unit = 3], f32> {
    ^bb0(%arg1: !fg.array<[batch = 2, token = 2, group = 2, unit = 3], f32>):
      %19 = fg.sum %arg1 over ["token"] : <[batch = 2, token = 2, group = 2, unit = 3], f32> -> <[batch = 2, group = 2, unit = 3], f32>
      %20 = fg.scale %19 by 5.000000e-01 : <[batch = 2, group = 2, unit = 3], f32>
      %21 = fg.parameter "block0.head.weight" init  normal scale 1.000000e-01 decay = true rate "head_rate" : <[group.unit = 6, class = 3], f32>
      %22 = fg.split %21 axis "group.unit" into ["group", "unit"] : <[group.unit = 6, class = 3], f32> -> <[group = 2, unit = 3, class = 3], f32>
      %23 = fg.contract %20 "abc", %22 "bcd" -> "ad" : (<[batch = 2, group = 2, unit = 3], f32>, <[group = 2, unit = 3, class = 3], f32>) -> <[batch = 2, class = 3], f32>
      %24 = fg.parameter "block0.head.bias" init  zero scale 0.000000e+00 decay = false rate "head_rate" : <[class = 3], f32>
      %25 = fg.add %23, %24 : (<[batch = 2, class = 3], f32>, <[class = 3], f32>) -> <[batch = 2, class = 3], f32>
      %26 = fg.cross_entropy %25, %1 over "class" : (<[batch = 2, class = 3], f32>, <[batch = 2], i32>) -> <[batch = 2], f32>
      fg.yield %26 : !fg.array<[batch = 2], f32>
    }
    fg.yield %18 : !fg.array<[batch = 2, token = 2, group = 2, unit = 3], f32>
  }
  fg.predict "readout"(%2) : <[batch = 2, token = 2, group = 2, unit = 3], f32> {
  ^bb0(%arg0: !fg.array<[batch = 2, token = 2, group = 2, unit = 3], f32>):
    %3 = fg.sum %arg0 over ["token"] : <[batch = 2, token = 2, group = 2, unit = 3], f32> -> <[batch = 2, group = 2, unit = 3], f32>
    %4 = fg.scale %3 by 5.000000e-01 : <[batch = 2, group = 2, unit = 3], f32>
    %5 = fg.parameter "readout.weight" init  zero scale 0.000000e+00 decay = true rate "last_layer_rate" : <[group.unit = 6, class = 3], f32>
    %6 = fg.split %5 axis "group.unit" into ["group", "unit"] : <[group.unit = 6, class = 3], f32> -> <[group = 2, unit = 3, class = 3], f32>
    %7 = fg.contract %4 "abc", %6 "bcd" -> "ad" : (<[batch = 2, group = 2, unit = 3], f32>, <[group = 2, unit = 3, class = 3], f32>) -> <[batch = 2, class = 3], f32>
    %8 = fg.parameter "readout.bias" init  zero scale 0.000000e+00 decay = false rate "last_layer_rate" : <[class = 3], f32>
    %9 = fg.add %7, %8 : (<[batch = 2, class = 3], f32>, <[class = 3], f32>) -> <[batch = 2, class = 3], f32>
    %10 = fg.cross_entropy %9, %1 over "class" : (<[batch = 2, class = 3], f32>, <[batch = 2], i32>) -> <[batch = 2], f32>
    fg.yield %9, %10 : !fg.array<[batch = 2, class = 3], f32>, !fg.array<[batch = 2], f32>
  }
}

// -----

// The same by other names: rows are mixed before columns are, so the first layer's units
// reach all columns of their row, the others their own place.

// CHECK-LABEL: fg.model "Board"
// CHECK: fg.entry "gradient"
// CHECK: %[[ROWS:.*]] = fg.perturb {{.*}} site 0
// CHECK: %[[COLUMNS:.*]] = fg.perturb {{.*}} site 1
// CHECK: %[[PIECES:.*]] = fg.perturb {{.*}} site 2
// CHECK: %[[S:.*]] = fg.replicated_tangent per ["row", "column"]{{.*}} -> <[batch = 2, row = 2, column = 3], f32>
// CHECK: %[[ROW:.*]] = fg.sum %[[S]] over ["column"]
// CHECK: %[[ROWSM:.*]] = fg.mul %[[ROWS]]
// CHECK: fg.mul %[[ROWSM]], %[[ROW]]
// CHECK: %[[COLUMNSM:.*]] = fg.mul %[[COLUMNS]]
// CHECK: fg.mul %[[COLUMNSM]], %[[S]]
// CHECK: %[[PIECESM:.*]] = fg.mul %[[PIECES]]
// CHECK: fg.mul %[[PIECESM]], %[[S]]

fg.model "Board" {
  %0 = fg.input "board" : <[batch = 2, row = 2, column = 3, piece = 4], f32>
  %1 = fg.label "move" : <[batch = 2], i32>
  %2 = fg.block "deep"(%0) : (!fg.array<[batch = 2, row = 2, column = 3, piece = 4], f32>) -> !fg.array<[batch = 2, row = 2, column = 3, feature = 6], f32> {
  ^bb0(%arg0: !fg.array<[batch = 2, row = 2, column = 3, piece = 4], f32>):
    %3 = fg.parameter "deep.rows.weight" init  normal scale 1.000000e-01 decay = true : <[row = 2, "row'" = 2], f32>
    %4 = fg.contract %arg0 "abcd", %3 "be" -> "aecd" : (<[batch = 2, row = 2, column = 3, piece = 4], f32>, <[row = 2, "row'" = 2], f32>) -> <[batch = 2, row = 2, column = 3, piece = 4], f32>
    %5 = fg.parameter "deep.rows.bias" init  zero scale 0.000000e+00 decay = false : <[row = 2], f32>
    %6 = fg.add %4, %5 : (<[batch = 2, row = 2, column = 3, piece = 4], f32>, <[row = 2], f32>) -> <[batch = 2, row = 2, column = 3, piece = 4], f32>
    %7 = fg.relu %6 site "deep.rows" : <[batch = 2, row = 2, column = 3, piece = 4], f32>
    %8 = fg.parameter "deep.all.weight" init  normal scale 1.000000e-01 decay = true : <[column = 3, "column'" = 3], f32>
    %9 = fg.contract %7 "abcd", %8 "ce" -> "abed" : (<[batch = 2, row = 2, column = 3, piece = 4], f32>, <[column = 3, "column'" = 3], f32>) -> <[batch = 2, row = 2, column = 3, piece = 4], f32>
    %10 = fg.parameter "deep.all.bias" init  zero scale 0.000000e+00 decay = false : <[column = 3], f32>
    %11 = fg.add %9, %10 : (<[batch = 2, row = 2, column = 3, piece = 4], f32>, <[column = 3], f32>) -> <[batch = 2, row = 2, column = 3, piece = 4], f32>
    %12 = fg.relu %11 site "deep.all" : <[batch = 2, row = 2, column = 3, piece = 4], f32>
    %13 = fg.parameter "deep.pieces.weight" init  normal scale 1.000000e-01 decay = true : <[piece = 4, feature = 6], f32>
    %14 = fg.contract %12 "abcd", %13 "de" -> "abce" : (<[batch = 2, row = 2, column = 3, piece = 4], f32>, <[piece = 4, feature = 6], f32>) -> <[batch = 2, row = 2, column = 3, feature = 6], f32>
    %15 = fg.parameter "deep.pieces.bias" init  zero scale 0.000000e+00 decay = false : <[feature = 6], f32>
    %16 = fg.add %14, %15 : (<[batch = 2, row = 2, column = 3, feature = 6], f32>, <[feature = 6], f32>) -> <[batch = 2, row = 2, column = 3, feature = 6], f32>
    %17 = fg.relu %16 site "deep.pieces" : <[batch = 2, row = 2, column = 3, feature = 6], f32>
    fg.loss "deep" per ["row", "column"](%17) : <[batch = 2, row = 2, column = 3, feature = 6], f32> {
    ^bb0(%arg1: !fg.array<[batch = 2, row = 2, column = 3, feature = 6], f32>):
      %18 = fg.sum %arg1 over ["row"] : <[batch = 2, row = 2, column = 3, feature = 6], f32> -> <[batch = 2, column = 3, feature = 6], f32>
      %19 = fg.scale %18 by 5.000000e-01 : <[batch = 2, column = 3, feature = 6], f32>
      %20 = fg.parameter "deep.head.weight" init  normal scale 1.000000e-01 decay = true rate "head_rate" : <[column.feature = 18, move = 5], f32>
      %21 = fg.split %20 axis "column.feature" into ["column", "feature"] : <[column.feature = 18, move = 5], f32> -> <[column = 3, feature = 6, move = 5], f32>
      %22 = fg.contract %19 "abc", %21 "bcd" -> "ad" : (<[batch = 2, column = 3, feature = 6], f32>, <[column = 3, feature = 6, move = 5], f32>) -> <[batch = 2, move = 5], f32>
      %23 = fg.parameter "deep.head.bias" init  zero scale 0.000000e+00 decay = false rate "head_rate" : <[move = 5], f32>
      %24 = fg.add %22, %23 : (<[batch = 2, move = 5], f32>, <[move = 5], f32>) -> <[batch = 2, move = 5], f32>
      %25 = fg.cross_entropy %24, %1 over "move" : (<[batch = 2, move = 5], f32>, <[batch = 2], i32>) -> <[batch = 2], f32>
      fg.yield %25 : !fg.array<[batch = 2], f32>
    }
    fg.yield %17 : !fg.array<[batch = 2, row = 2, column = 3, feature = 6], f32>
  }
  fg.predict "readout"(%2) : <[batch = 2, row = 2, column = 3, feature = 6], f32> {
  ^bb0(%arg0: !fg.array<[batch = 2, row = 2, column = 3, feature = 6], f32>):
    %3 = fg.sum %arg0 over ["row", "column"] : <[batch = 2, row = 2, column = 3, feature = 6], f32> -> <[batch = 2, feature = 6], f32>
    %4 = fg.scale %3 by 0.16666666666666666 : <[batch = 2, feature = 6], f32>
    %5 = fg.parameter "readout.weight" init  zero scale 0.000000e+00 decay = true rate "last_layer_rate" : <[feature = 6, move = 5], f32>
    %6 = fg.contract %4 "ab", %5 "bc" -> "ac" : (<[batch = 2, feature = 6], f32>, <[feature = 6, move = 5], f32>) -> <[batch = 2, move = 5], f32>
    %7 = fg.parameter "readout.bias" init  zero scale 0.000000e+00 decay = false rate "last_layer_rate" : <[move = 5], f32>
    %8 = fg.add %6, %7 : (<[batch = 2, move = 5], f32>, <[move = 5], f32>) -> <[batch = 2, move = 5], f32>
    %9 = fg.cross_entropy %8, %1 over "move" : (<[batch = 2, move = 5], f32>, <[batch = 2], i32>) -> <[batch = 2], f32>
    fg.yield %8, %9 : !fg.array<[batch = 2, move = 5], f32>, !fg.array<[batch = 2], f32>
  }
}

// -----

// Two ways lead from the first layer to the loss; one of them mixes tokens.

// CHECK-LABEL: fg.model "Residual"
// CHECK: fg.entry "gradient"
// CHECK: %[[FIRST:.*]] = fg.perturb {{.*}} site 0
// CHECK: %[[MIXED:.*]] = fg.perturb {{.*}} site 1
// CHECK: %[[LAST:.*]] = fg.perturb {{.*}} site 2
// CHECK: %[[S:.*]] = fg.replicated_tangent per ["token"]{{.*}} -> <[batch = 2, token = 2], f32>
// CHECK: %[[ALL:.*]] = fg.sum %[[S]] over ["token"]
// CHECK: %[[FIRSTM:.*]] = fg.mul %[[FIRST]]
// CHECK: fg.mul %[[FIRSTM]], %[[ALL]]
// CHECK: %[[MIXEDM:.*]] = fg.mul %[[MIXED]]
// CHECK: fg.mul %[[MIXEDM]], %[[S]]
// CHECK: %[[LASTM:.*]] = fg.mul %[[LAST]]
// CHECK: fg.mul %[[LASTM]], %[[S]]

fg.model "Residual" {
  %0 = fg.input "image" : <[batch = 2, token = 2, unit = 4], f32>
  %1 = fg.label "class" : <[batch = 2], i32>
  %2 = fg.block "block0"(%0) : (!fg.array<[batch = 2, token = 2, unit = 4], f32>) -> !fg.array<[batch = 2, token = 2, unit = 4], f32> {
  ^bb0(%arg0: !fg.array<[batch = 2, token = 2, unit = 4], f32>):
    %3 = fg.parameter "block0.first.weight" init  normal scale 1.000000e-01 decay = true : <[unit = 4, "unit'" = 4], f32>
    %4 = fg.contract %arg0 "abc", %3 "cd" -> "abd" : (<[batch = 2, token = 2, unit = 4], f32>, <[unit = 4, "unit'" = 4], f32>) -> <[batch = 2, token = 2, unit = 4], f32>
    %5 = fg.parameter "block0.first.bias" init  zero scale 0.000000e+00 decay = false : <[unit = 4], f32>
    %6 = fg.add %4, %5 : (<[batch = 2, token = 2, unit = 4], f32>, <[unit = 4], f32>) -> <[batch = 2, token = 2, unit = 4], f32>
    %7 = fg.relu %6 site "block0.first" : <[batch = 2, token = 2, unit = 4], f32>
    %8 = fg.parameter "block0.mixed.weight" init  normal scale 1.000000e-01 decay = true : <[token = 2, "token'" = 2], f32>
    %9 = fg.contract %7 "abc", %8 "bd" -> "adc" : (<[batch = 2, token = 2, unit = 4], f32>, <[token = 2, "token'" = 2], f32>) -> <[batch = 2, token = 2, unit = 4], f32>
    %10 = fg.parameter "block0.mixed.bias" init  zero scale 0.000000e+00 decay = false : <[token = 2], f32>
    %11 = fg.add %9, %10 : (<[batch = 2, token = 2, unit = 4], f32>, <[token = 2], f32>) -> <[batch = 2, token = 2, unit = 4], f32>
    %12 = fg.relu %11 site "block0.mixed" : <[batch = 2, token = 2, unit = 4], f32>
    %13 = fg.parameter "block0.own.weight" init  normal scale 1.000000e-01 decay = true : <[unit = 4, "unit'" = 4], f32>
    %14 = fg.contract %7 "abc", %13 "cd" -> "abd" : (<[batch = 2, token = 2, unit = 4], f32>, <[unit = 4, "unit'" = 4], f32>) -> <[batch = 2, token = 2, unit = 4], f32>
    %15 = fg.parameter "block0.own.bias" init  zero scale 0.000000e+00 decay = false : <[unit = 4], f32>
    %16 = fg.add %14, %15 : (<[batch = 2, token = 2, unit = 4], f32>, <[unit = 4], f32>) -> <[batch = 2, token = 2, unit = 4], f32>
    %17 = fg.add %16, %12 : (<[batch = 2, token = 2, unit = 4], f32>, <[batch = 2, token = 2, unit = 4], f32>) -> <[batch = 2, token = 2, unit = 4], f32>
    %18 = fg.relu %17 site "block0.last" : <[batch = 2, token = 2, unit = 4], f32>
    fg.loss "block0" per ["token"](%18) : <[batch = 2, token = 2, unit = 4], f32> {
    ^bb0(%arg1: !fg.array<[batch = 2, token = 2, unit = 4], f32>):
      %19 = fg.sum %arg1 over ["token"] : <[batch = 2, token = 2, unit = 4], f32> -> <[batch = 2, unit = 4], f32>
      %20 = fg.scale %19 by 5.000000e-01 : <[batch = 2, unit = 4], f32>
      %21 = fg.parameter "block0.head.weight" init  normal scale 1.000000e-01 decay = true rate "head_rate" : <[unit = 4, class = 3], f32>
      %22 = fg.contract %20 "ab", %21 "bc" -> "ac" : (<[batch = 2, unit = 4], f32>, <[unit = 4, class = 3], f32>) -> <[batch = 2, class = 3], f32>
      %23 = fg.parameter "block0.head.bias" init  zero scale 0.000000e+00 decay = false rate "head_rate" : <[class = 3], f32>
      %24 = fg.add %22, %23 : (<[batch = 2, class = 3], f32>, <[class = 3], f32>) -> <[batch = 2, class = 3], f32>
      %25 = fg.cross_entropy %24, %1 over "class" : (<[batch = 2, class = 3], f32>, <[batch = 2], i32>) -> <[batch = 2], f32>
      fg.yield %25 : !fg.array<[batch = 2], f32>
    }
    fg.yield %18 : !fg.array<[batch = 2, token = 2, unit = 4], f32>
  }
  fg.predict "readout"(%2) : <[batch = 2, token = 2, unit = 4], f32> {
  ^bb0(%arg0: !fg.array<[batch = 2, token = 2, unit = 4], f32>):
    %3 = fg.sum %arg0 over ["token"] : <[batch = 2, token = 2, unit = 4], f32> -> <[batch = 2, unit = 4], f32>
    %4 = fg.scale %3 by 5.000000e-01 : <[batch = 2, unit = 4], f32>
    %5 = fg.parameter "readout.weight" init  zero scale 0.000000e+00 decay = true rate "last_layer_rate" : <[unit = 4, class = 3], f32>
    %6 = fg.contract %4 "ab", %5 "bc" -> "ac" : (<[batch = 2, unit = 4], f32>, <[unit = 4, class = 3], f32>) -> <[batch = 2, class = 3], f32>
    %7 = fg.parameter "readout.bias" init  zero scale 0.000000e+00 decay = false rate "last_layer_rate" : <[class = 3], f32>
    %8 = fg.add %6, %7 : (<[batch = 2, class = 3], f32>, <[class = 3], f32>) -> <[batch = 2, class = 3], f32>
    %9 = fg.cross_entropy %8, %1 over "class" : (<[batch = 2, class = 3], f32>, <[batch = 2], i32>) -> <[batch = 2], f32>
    fg.yield %8, %9 : !fg.array<[batch = 2, class = 3], f32>, !fg.array<[batch = 2], f32>
  }
}

// -----

// Both axes of the copies are factors of the site's one axis; tokens play no part.

// CHECK-LABEL: fg.model "Factors"
// CHECK: fg.entry "gradient"
// CHECK: %[[U:.*]] = fg.perturb {{.*}} -> <[batch = 2, token = 2, channel = 6], f32>
// CHECK: %[[S:.*]] = fg.replicated_tangent per ["group", "unit"]{{.*}} -> <[batch = 2, group = 2, unit = 3], f32>
// CHECK: %[[WIDE:.*]] = fg.broadcast %[[S]]
// CHECK: %[[OWN:.*]] = fg.merge %[[WIDE]] {{.*}} -> <[batch = 2, channel = 6], f32>
// CHECK: %[[UM:.*]] = fg.mul %[[U]]
// CHECK: fg.mul %[[UM]], %[[OWN]]

fg.model "Factors" {
  %0 = fg.input "image" : <[batch = 2, token = 2, pixel = 3], f32>
  %1 = fg.label "class" : <[batch = 2], i32>
  %2 = fg.block "block0"(%0) : (!fg.array<[batch = 2, token = 2, pixel = 3], f32>) -> !fg.array<[batch = 2, token = 2, group = 2, unit = 3], f32> {
  ^bb0(%arg0: !fg.array<[batch = 2, token = 2, pixel = 3], f32>):
    %3 = fg.parameter "block0.layer.weight" init  normal scale 1.000000e-01 decay = true : <[pixel = 3, channel = 6], f32>
    %4 = fg.contract %arg0 "abc", %3 "cd" -> "abd" : (<[batch = 2, token = 2, pixel = 3], f32>, <[pixel = 3, channel = 6], f32>) -> <[batch = 2, token = 2, channel = 6], f32>
    %5 = fg.parameter "block0.layer.bias" init  zero scale 0.000000e+00 decay = false : <[channel = 6], f32>
    %6 = fg.add %4, %5 : (<[batch = 2, token = 2, channel = 6], f32>, <[channel = 6], f32>) -> <[batch = 2, token = 2, channel = 6], f32>
    %result, %inverseDeviation = fg.norm %6 over ["channel"] epsilon 1.000000e-05 : <[batch = 2, token = 2, channel = 6], f32>, <[batch = 2, token = 2], f32>
    %7 = fg.relu %result site "block0.layer" : <[batch = 2, token = 2, channel = 6], f32>
    %8 = fg.split %7 axis "channel" into ["group", "unit"] : <[batch = 2, token = 2, channel = 6], f32> -> <[batch = 2, token = 2, group = 2, unit = 3], f32>
    fg.loss "block0" per ["group", "unit"](%8) : <[batch = 2, token = 2, group = 2, unit = 3], f32> {
    ^bb0(%arg1: !fg.array<[batch = 2, token = 2, group = 2, unit = 3], f32>):
      %9 = fg.sum %arg1 over ["token"] : <[batch = 2, token = 2, group = 2, unit = 3], f32> -> <[batch = 2, group = 2, unit = 3], f32>
      %10 = fg.scale %9 by 5.000000e-01 : <[batch = 2, group = 2, unit = 3], f32>
      %11 = fg.parameter "block0.head.weight" init  normal scale 1.000000e-01 decay = true rate "head_rate" : <[group.unit = 6, class = 3], f32>
      %12 = fg.split %11 axis "group.unit" into ["group", "unit"] : <[group.unit = 6, class = 3], f32> -> <[group = 2, unit = 3, class = 3], f32>
      %13 = fg.contract %10 "abc", %12 "bcd" -> "ad" : (<[batch = 2, group = 2, unit = 3], f32>, <[group = 2, unit = 3, class = 3], f32>) -> <[batch = 2, class = 3], f32>
      %14 = fg.parameter "block0.head.bias" init  zero scale 0.000000e+00 decay = false rate "head_rate" : <[class = 3], f32>
      %15 = fg.add %13, %14 : (<[batch = 2, class = 3], f32>, <[class = 3], f32>) -> <[batch = 2, class = 3], f32>
      %16 = fg.cross_entropy %15, %1 over "class" : (<[batch = 2, class = 3], f32>, <[batch = 2], i32>) -> <[batch = 2], f32>
      fg.yield %16 : !fg.array<[batch = 2], f32>
    }
    fg.yield %8 : !fg.array<[batch = 2, token = 2, group = 2, unit = 3], f32>
  }
  fg.predict "readout"(%2) : <[batch = 2, token = 2, group = 2, unit = 3], f32> {
  ^bb0(%arg0: !fg.array<[batch = 2, token = 2, group = 2, unit = 3], f32>):
    %3 = fg.sum %arg0 over ["token"] : <[batch = 2, token = 2, group = 2, unit = 3], f32> -> <[batch = 2, group = 2, unit = 3], f32>
    %4 = fg.scale %3 by 5.000000e-01 : <[batch = 2, group = 2, unit = 3], f32>
    %5 = fg.parameter "readout.weight" init  zero scale 0.000000e+00 decay = true rate "last_layer_rate" : <[group.unit = 6, class = 3], f32>
    %6 = fg.split %5 axis "group.unit" into ["group", "unit"] : <[group.unit = 6, class = 3], f32> -> <[group = 2, unit = 3, class = 3], f32>
    %7 = fg.contract %4 "abc", %6 "bcd" -> "ad" : (<[batch = 2, group = 2, unit = 3], f32>, <[group = 2, unit = 3, class = 3], f32>) -> <[batch = 2, class = 3], f32>
    %8 = fg.parameter "readout.bias" init  zero scale 0.000000e+00 decay = false rate "last_layer_rate" : <[class = 3], f32>
    %9 = fg.add %7, %8 : (<[batch = 2, class = 3], f32>, <[class = 3], f32>) -> <[batch = 2, class = 3], f32>
    %10 = fg.cross_entropy %9, %1 over "class" : (<[batch = 2, class = 3], f32>, <[batch = 2], i32>) -> <[batch = 2], f32>
    fg.yield %9, %10 : !fg.array<[batch = 2, class = 3], f32>, !fg.array<[batch = 2], f32>
  }
}
