// RUN: %fg-opt --fg-plan-memory --split-input-file --verify-diagnostics %s

func.func @dynamic(%x: memref<f32> {fg.binding = 0 : i64}, %n: index) {
  // expected-error @below {{'memref.alloc' op allocates 'memref<?xf32>', but the memory plan needs sizes that are known}}
  %a = memref.alloc(%n) : memref<?xf32>
  return
}

// -----

func.func @huge(%x: memref<f32> {fg.binding = 0 : i64}) {
  // expected-error @below {{allocates 'memref<4194304x4194304xf32>', which no machine can hold}}
  %a = memref.alloc() : memref<4194304x4194304xf32>
  return
}

// -----

func.func @alignment(%x: memref<f32> {fg.binding = 0 : i64}) {
  // expected-error @below {{wants an alignment of 4096 bytes; buffers are aligned to 64}}
  %a = memref.alloc() {alignment = 4096 : i64} : memref<8xf32>
  return
}

// -----

func.func @returned() -> memref<8xf32> {
  %a = memref.alloc() : memref<8xf32>
  // expected-error @below {{returns a temporary buffer}}
  return %a : memref<8xf32>
}

// -----

// expected-error @below {{has a memory plan already}}
func.func @twice(%arena: memref<0xi8> {fg.arena}) {
  return
}
