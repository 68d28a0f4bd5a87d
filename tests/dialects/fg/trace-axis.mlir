// RUN: %fg-opt %s --test-fg-trace-axis --verify-diagnostics

fg.entry "case" {
  %x = fg.read "x" role input : !fg.array<[batch = 4, token = 2, channel = 6], f32>
  %w = fg.read "w" role parameter : !fg.array<[token = 2, to = 2], f32>
  // Token mixing: samples and channels stay apart, tokens mix.
  // expected-remark @+6 {{batch of operand 0: batch size 4 inner 1}}
  // expected-remark @+5 {{batch of operand 1: mixed}}
  // expected-remark @+4 {{token of operand 0: mixed}}
  // expected-remark @+3 {{token of operand 1: to size 2 inner 1}}
  // expected-remark @+2 {{channel of operand 0: channel size 6 inner 1}}
  // expected-remark @+1 {{channel of operand 1: mixed}}
  %q = fg.contract %x "ntc", %w "tu" -> "nuc"
    : (!fg.array<[batch = 4, token = 2, channel = 6], f32>, !fg.array<[token = 2, to = 2], f32>)
      -> !fg.array<[batch = 4, token = 2, channel = 6], f32>
  // expected-remark @+4 {{batch of operand 0: batch size 4 inner 1}}
  // expected-remark @+3 {{token of operand 0: token size 2 inner 1}}
  // expected-remark @+2 {{group of operand 0: channel size 3 inner 2}}
  // expected-remark @+1 {{unit of operand 0: channel size 2 inner 1}}
  %s = fg.split %q axis "channel" into ["group", "unit"]
    : !fg.array<[batch = 4, token = 2, channel = 6], f32>
      -> !fg.array<[batch = 4, token = 2, group = 3, unit = 2], f32>
  // expected-remark @+4 {{batch of operand 0: batch size 4 inner 1}}
  // expected-remark @+3 {{token of operand 0: token size 2 inner 1}}
  // expected-remark @+2 {{group of operand 0: group size 3 inner 1}}
  // expected-remark @+1 {{unit of operand 0: mixed}}
  %z, %r = fg.norm %s over ["unit"] epsilon 1.0e-05
    : !fg.array<[batch = 4, token = 2, group = 3, unit = 2], f32>, !fg.array<[batch = 4, token = 2, group = 3], f32>
}
