# What all our own targets share: warnings, sanitizers, include roots.

set(FOREGRAD_WARNINGS -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor
                      -Wno-unused-parameter)
if(FOREGRAD_WERROR)
  list(APPEND FOREGRAD_WARNINGS -Werror)
endif()

set(FOREGRAD_SANITIZE_FLAGS "")
if(FOREGRAD_SANITIZE)
  set(FOREGRAD_SANITIZE_FLAGS -fsanitize=${FOREGRAD_SANITIZE} -fno-sanitize-recover=all
                              -fno-omit-frame-pointer)
endif()

# foregrad_target(NAME): our flags for a library or program of either half. Headers are
# included by their path from the project's root or from the generated tree.
function(foregrad_target name)
  target_compile_options(${name} PRIVATE ${FOREGRAD_WARNINGS} ${FOREGRAD_SANITIZE_FLAGS})
  target_link_options(${name} PRIVATE ${FOREGRAD_SANITIZE_FLAGS})
  target_include_directories(${name} PUBLIC ${PROJECT_SOURCE_DIR} ${PROJECT_BINARY_DIR})
endfunction()
