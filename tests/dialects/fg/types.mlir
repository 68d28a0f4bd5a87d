// RUN: %fg-opt %s | %fg-opt | FileCheck %s

// Names that are no bare identifiers are quoted.
// CHECK: !fg.array<[], i64>
// CHECK: !fg.array<[token.copy = 4, "token'" = 4, "two words" = 1, f32 = 2], bf16>
// CHECK: #fg.axis<batch = 4>

func.func private @types(!fg.array<[], i64>,
    !fg.array<["token.copy" = 4, "token'" = 4, "two words" = 1, f32 = 2], bf16>)
func.func private @attribute() attributes {axis = #fg.axis<batch = 4>}
