# Finds MLIR, LLVM and lld; defines how the compiler's half is built.
# Included once, from the root; its flags stay inside foregrad_compiler_library.

find_package(MLIR 22.1 REQUIRED CONFIG HINTS /usr/lib/llvm-22/lib/cmake/mlir)
find_package(LLD 22.1 REQUIRED CONFIG HINTS /usr/lib/llvm-22/lib/cmake/lld)
list(APPEND CMAKE_MODULE_PATH "${MLIR_CMAKE_DIR}" "${LLVM_CMAKE_DIR}")
set(MLIR_LINK_MLIR_DYLIB ON)
include(TableGen)
include(AddLLVM)
include(AddMLIR)

separate_arguments(FOREGRAD_LLVM_DEFINITIONS NATIVE_COMMAND "${LLVM_DEFINITIONS}")

# foregrad_compiler_target(NAME): flags of code that includes MLIR's headers. As MLIR itself:
# no exceptions; its headers are system headers, so that only our own code must be free of
# warnings. Links the shared MLIR and LLVM, never their single libraries beside them.
function(foregrad_compiler_target name)
  foregrad_target(${name})
  target_include_directories(${name} SYSTEM PUBLIC ${MLIR_INCLUDE_DIRS} ${LLVM_INCLUDE_DIRS})
  target_compile_definitions(${name} PUBLIC ${FOREGRAD_LLVM_DEFINITIONS})
  target_compile_options(${name} PRIVATE -fno-exceptions)
  target_link_libraries(${name} PUBLIC MLIR LLVM)
endfunction()

# foregrad_compiler_library(NAME SOURCES... [LINK libs...] [DEPENDS targets...])
function(foregrad_compiler_library name)
  cmake_parse_arguments(ARG "" "" "LINK;DEPENDS" ${ARGN})
  add_library(${name} STATIC ${ARG_UNPARSED_ARGUMENTS})
  foregrad_compiler_target(${name})
  if(ARG_LINK)
    target_link_libraries(${name} PUBLIC ${ARG_LINK})
  endif()
  if(ARG_DEPENDS)
    add_dependencies(${name} ${ARG_DEPENDS})
  endif()
endfunction()

# foregrad_tablegen(TARGET TD_FILE OUT_FILE -gen...): one generated file, at the same path in the build tree.
function(foregrad_tablegen td)
  set(LLVM_TARGET_DEFINITIONS ${td})
  mlir_tablegen(${ARGN} EXTRA_INCLUDES ${PROJECT_SOURCE_DIR})
  set(TABLEGEN_OUTPUT ${TABLEGEN_OUTPUT} PARENT_SCOPE)
endfunction()
