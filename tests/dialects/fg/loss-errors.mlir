// RUN: %fg-opt %s --verify-diagnostics --split-input-file

func.func @f(%a: !fg.array<[batch = 4, class = 3], f32>, %y: !fg.array<[batch = 4], f32>) {
  // expected-error @+1 {{labels are integers, not 'f32'}}
  %r = fg.cross_entropy %a, %y over "class" : (!fg.array<[batch = 4, class = 3], f32>, !fg.array<[batch = 4], f32>) -> !fg.array<[batch = 4], f32>
  return
}

// -----

func.func @f(%a: !fg.array<[batch = 4, class = 3], f32>, %y: !fg.array<[batch = 5], i32>) {
  // expected-error @+1 {{axis 'batch' has size 5 in the label but 4 in the result}}
  %r = fg.squared_error %a, %y over "class" : (!fg.array<[batch = 4, class = 3], f32>, !fg.array<[batch = 5], i32>) -> !fg.array<[batch = 4], f32>
  return
}

// -----

func.func @f(%a: !fg.array<[batch = 4, class = 3], f32>, %y: !fg.array<[batch = 4], i32>) {
  // expected-error @+1 {{there is one loss for each element of '!fg.array<[batch = 4], f32>'}}
  %r = fg.cross_entropy %a, %y over "class" : (!fg.array<[batch = 4, class = 3], f32>, !fg.array<[batch = 4], i32>) -> !fg.array<[], f32>
  return
}

// -----

func.func @f(%y: !fg.array<[batch = 4], i32>) {
  // expected-error @+1 {{the result must have one axis more than the label}}
  %r = fg.one_hot %y : !fg.array<[batch = 4], i32> -> !fg.array<[batch = 4], f32>
  return
}

// -----

func.func @f(%s: !fg.array<[a = 1], i64>) {
  // expected-error @+1 {{seed and step are single i64 numbers, not '!fg.array<[a = 1], i64>'}}
  %r = fg.perturb %s, %s site 1 law gaussian : !fg.array<[a = 1], i64> -> !fg.array<[batch = 4], f32>
  return
}

// -----

func.func @f(%s: !fg.array<[], i64>) {
  // expected-error @+1 {{site 16777216 is above the largest, 16777215}}
  %r = fg.perturb %s, %s site 16777216 law gaussian : !fg.array<[], i64> -> !fg.array<[batch = 4], f32>
  return
}
