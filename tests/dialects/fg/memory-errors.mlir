// RUN: %fg-opt %s --split-input-file --verify-diagnostics

func.func @type(%batch: memref<8x4xi8>, %to: memref<2x4xf32>, %first: index) {
  // expected-error @below {{expected samples of 'memref<8x4xi8>', found 'memref<2x4xf32>'}}
  fg.fetch %batch from %first to %to : memref<8x4xi8>, memref<2x4xf32>
  return
}

// -----

func.func @shape(%batch: memref<8x4xi8>, %to: memref<2x5xi8>, %first: index) {
  // expected-error @below {{expected samples of 'memref<8x4xi8>', found 'memref<2x5xi8>'}}
  fg.fetch %batch from %first to %to : memref<8x4xi8>, memref<2x5xi8>
  return
}

// -----

func.func @more(%batch: memref<8x4xi8>, %to: memref<9x4xi8>, %first: index) {
  // expected-error @below {{expected samples of 'memref<8x4xi8>', found 'memref<9x4xi8>'}}
  fg.fetch %batch from %first to %to : memref<8x4xi8>, memref<9x4xi8>
  return
}

// -----

func.func @number(%batch: memref<i8>, %to: memref<i8>, %first: index) {
  // expected-error @below {{expected samples of 'memref<i8>', found 'memref<i8>'}}
  fg.fetch %batch from %first to %to : memref<i8>, memref<i8>
  return
}
