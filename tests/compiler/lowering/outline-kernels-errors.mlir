// RUN: %fg-opt --fg-outline-kernels --split-input-file --verify-diagnostics %s

// expected-error @below {{argument 0 has no fg.binding}}
func.func @no_binding(%x: memref<8xf32>) {
  return
}

// -----

// expected-error @below {{argument 1 has binding 0, which is negative or taken by another argument}}
func.func @same_binding(%x: memref<8xf32> {fg.binding = 0 : i64},
                        %y: memref<8xf32> {fg.binding = 0 : i64}) {
  return
}

// -----

// expected-error @below {{argument 0 is 'f32'; expected a memref of static shape without a layout}}
func.func @number(%x: f32 {fg.binding = 0 : i64}) {
  return
}

// -----

func.func @unplanned(%x: memref<8xf32> {fg.binding = 0 : i64}) {
  // expected-note @below {{this one}}
  %t = memref.alloc() : memref<8xf32>
  // expected-error @below {{uses a buffer that is neither a binding nor placed by the memory plan}}
  scf.forall (%i) in (8) {
    %f = memref.load %x[%i] : memref<8xf32>
    memref.store %f, %t[%i] : memref<8xf32>
  }
  return
}

// -----

func.func @overlap(%arena: memref<128xi8> {fg.arena}) {
  %c0 = arith.constant 0 : index
  %c64 = arith.constant 64 : index
  // expected-note @below {{the other}}
  %a = memref.view %arena[%c0][] : memref<128xi8> to memref<32xf32>
  // expected-note @below {{one of them}}
  %b = memref.view %arena[%c64][] : memref<128xi8> to memref<16xf32>
  // expected-error @below {{uses two buffers that the memory plan put into the same place}}
  scf.forall (%i) in (8) {
    %f = memref.load %a[%i] : memref<32xf32>
    memref.store %f, %b[%i] : memref<16xf32>
  }
  return
}

// -----

func.func @dynamic(%x: memref<8xf32> {fg.binding = 0 : i64},
                   %n: memref<index> {fg.binding = 1 : i64}) {
  %count = memref.load %n[] : memref<index>
  %f = arith.constant 0.0 : f32
  // expected-error @below {{has bounds that are not constant}}
  scf.forall (%i) in (%count) {
    memref.store %f, %x[%i] : memref<8xf32>
  }
  return
}

// -----

func.func @fetch_of_arena(%arena: memref<64xi8> {fg.arena}, %scratch: memref<0xi8> {fg.scratch}) {
  %c0 = arith.constant 0 : index
  %t = memref.view %arena[%c0][] : memref<64xi8> to memref<2x4xi8>
  // expected-error @below {{asks for what is no argument of the entry}}
  fg.fetch %t from %c0 to %t : memref<2x4xi8>, memref<2x4xi8>
  return
}

// -----

func.func @fetch_unplanned(%x: memref<2x4xi8> {fg.binding = 0 : i64}) {
  %c0 = arith.constant 0 : index
  // expected-error @below {{a buffer that is neither a binding nor placed by the memory plan}}
  %t = memref.alloc() : memref<2x4xi8>
  fg.fetch %x from %c0 to %t : memref<2x4xi8>, memref<2x4xi8>
  return
}
