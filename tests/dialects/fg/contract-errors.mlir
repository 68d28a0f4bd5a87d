// RUN: %fg-opt %s --verify-diagnostics --split-input-file

func.func @f(%a: !fg.array<[batch = 4, c = 3], f32>, %b: !fg.array<[c = 2, d = 5], f32>) {
  // expected-error @+1 {{label 'c' stands for axis 'c' of size 3 in the left operand and for axis "c" of size 2 in the right operand}}
  %r = fg.contract %a "nc", %b "cd" -> "nd" : (!fg.array<[batch = 4, c = 3], f32>, !fg.array<[c = 2, d = 5], f32>) -> !fg.array<[batch = 4, d = 5], f32>
  return
}

// -----

func.func @f(%a: !fg.array<[batch = 4, c = 3], f32>) {
  // expected-error @+1 {{label 'c' (axis 'c') stands in the left operand only}}
  %r = fg.contract %a "nc", %a "nd" -> "n" : (!fg.array<[batch = 4, c = 3], f32>, !fg.array<[batch = 4, c = 3], f32>) -> !fg.array<[batch = 4], f32>
  return
}

// -----

func.func @f(%a: !fg.array<[batch = 4, c = 3], f32>) {
  // expected-error @+1 {{gives 1 labels to the right operand, which has 2 axes}}
  %r = fg.contract %a "nc", %a "n" -> "n" : (!fg.array<[batch = 4, c = 3], f32>, !fg.array<[batch = 4, c = 3], f32>) -> !fg.array<[batch = 4], f32>
  return
}

// -----

func.func @f(%a: !fg.array<[b = 3, c = 3], f32>) {
  // expected-error @+1 {{label 'n' stands twice in the left operand}}
  %r = fg.contract %a "nn", %a "nc" -> "nc" : (!fg.array<[b = 3, c = 3], f32>, !fg.array<[b = 3, c = 3], f32>) -> !fg.array<[b = 3, c = 3], f32>
  return
}

// -----

func.func @f(%a: !fg.array<[b = 3], f32>) {
  // expected-error @+1 {{label '1' is no letter}}
  %r = fg.contract %a "1", %a "1" -> "1" : (!fg.array<[b = 3], f32>, !fg.array<[b = 3], f32>) -> !fg.array<[b = 3], f32>
  return
}

// -----

func.func @f(%a: !fg.array<[batch = 4, c = 3], f32>) {
  // expected-error @+1 {{cannot sum products of 'f32' in 'bf16'}}
  %r = fg.contract %a "nc", %a "dc" -> "nd" : (!fg.array<[batch = 4, c = 3], f32>, !fg.array<[batch = 4, c = 3], f32>) -> !fg.array<[n = 4, d = 4], bf16>
  return
}

// -----

func.func @f(%a: !fg.array<[batch = 4, c = 3], f32>, %b: !fg.array<[batch = 4, c = 3], bf16>) {
  // expected-error @+1 {{mixes elements of type 'f32' and 'bf16'}}
  %r = fg.contract %a "nc", %b "dc" -> "nd" : (!fg.array<[batch = 4, c = 3], f32>, !fg.array<[batch = 4, c = 3], bf16>) -> !fg.array<[n = 4, d = 4], f32>
  return
}
