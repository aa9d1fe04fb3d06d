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

# What a bug is to meet: a stack that is checked, copies that know their bounds, a table of functions that nobody writes to
# any more, and jumps that end where a function begins. For every target of the project and of its bindings.
include(CheckCXXCompilerFlag)
check_cxx_compiler_flag(-fstack-clash-protection FICHA_HAS_STACK_CLASH_PROTECTION)
check_cxx_compiler_flag(-fcf-protection=full FICHA_HAS_CF_PROTECTION)             # x86: CET
check_cxx_compiler_flag(-mbranch-protection=standard FICHA_HAS_BRANCH_PROTECTION)  # AArch64: BTI and PAC
set(ficha_hardening -fstack-protector-strong)
if(FICHA_HAS_STACK_CLASH_PROTECTION)
  list(APPEND ficha_hardening -fstack-clash-protection)
endif()
if(FICHA_HAS_CF_PROTECTION)
  list(APPEND ficha_hardening -fcf-protection=full)
elseif(FICHA_HAS_BRANCH_PROTECTION)
  list(APPEND ficha_hardening -mbranch-protection=standard)
endif()
# The C library's checks need optimization, and stand in the way of the sanitizers'.
if(NOT FICHA_SANITIZE)
  list(APPEND ficha_hardening
    "$<$<NOT:$<CONFIG:Debug>>:-U_FORTIFY_SOURCE>" "$<$<NOT:$<CONFIG:Debug>>:-D_FORTIFY_SOURCE=2>")
endif()
set_property(GLOBAL PROPERTY FICHA_HARDENING "${ficha_hardening}")

function(ficha_harden target)
  get_property(options GLOBAL PROPERTY FICHA_HARDENING)
  target_compile_options(${target} PRIVATE ${options})
  target_link_options(${target} PRIVATE LINKER:-z,relro,-z,now,-z,noexecstack)
endfunction()

# Language level, warnings and instrumentation for one of the project's own targets.
function(ficha_configure_target target)
  target_compile_features(${target} PUBLIC cxx_std_20)
  # What a designated initializer leaves out, it leaves out on purpose; GCC's C++ front end warns all the same.
  target_compile_options(${target} PRIVATE
    -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wno-missing-field-initializers)
  ficha_harden(${target})
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
