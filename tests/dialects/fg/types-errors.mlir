// RUN: %fg-opt %s --verify-diagnostics --split-input-file

// expected-error @+1 {{two axes are called 'batch'}}
func.func private @f(!fg.array<[batch = 4, batch = 4], f32>)

// -----

// expected-error @+1 {{axis 'batch' has size 0, it must be at least 1}}
func.func private @f(!fg.array<[batch = 0], f32>)

// -----

// expected-error @+1 {{an axis has an empty name}}
func.func private @f(!fg.array<["" = 2], f32>)

// -----

// expected-error @+1 {{the array has more than 2^63 - 1 elements}}
func.func private @f(!fg.array<[a = 4611686018427387904, b = 2], f32>)

// -----

// expected-error @+1 {{element type must be f32, f64, bf16, i8, i32 or i64, not 'i1'}}
func.func private @f(!fg.array<[a = 2], i1>)

// -----

// expected-error @+1 {{expected '='}}
func.func private @f(!fg.array<[batch], f32>)

// -----

// expected-error @+1 {{integer value too large}}
func.func private @f(!fg.array<[a = 99999999999999999999], f32>)
