# What every target of this project is compiled with.

set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_CXX_EXTENSIONS OFF)

if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "Build type" FORCE)
endif()

# ccache where there is one. Every binding builds the core as this project does, with the same options but for -Werror: it
# is compiled once for all of them. The sloppiness is what precompiled headers ask for (ccache manual, "Precompiled
# headers").
if(NOT CMAKE_CXX_COMPILER_LAUNCHER)
  find_program(FICHA_CCACHE ccache)
  mark_as_advanced(FICHA_CCACHE)
  if(FICHA_CCACHE)
    set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros
        CCACHE_NOHASHDIR=true CCACHE_IGNOREOPTIONS=-Werror ${FICHA_CCACHE})
  endif()
endif()

# Language level, warnings and instrumentation for one of the project's own targets.
function(ficha_configure_target target)
  target_compile_features(${target} PUBLIC cxx_std_20)
  # What a designated initializer leaves out, it leaves out on purpose; GCC's C++ front end warns all the same.
  target_compile_options(${target} PRIVATE
    -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wno-missing-field-initializers)
  if(FICHA_WERROR)
    target_compile_options(${target} PRIVATE -Werror)
  endif()
  if(FICHA_SANITIZE)
    target_compile_options(${target} PRIVATE
      -fsanitize=${FICHA_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
    target_link_options(${target} PUBLIC -fsanitize=${FICHA_SANITIZE})
    # Up to clang 16 this check's marks before functions keep coroutines from being assembled.
    if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 17)
      target_compile_options(${target} PRIVATE -fno-sanitize=function)
    endif()
  endif()
  if(FICHA_COVERAGE)
    target_compile_options(${target} PRIVATE --coverage -fprofile-update=atomic)
    target_link_options(${target} PUBLIC --coverage)
  endif()
endfunction()
