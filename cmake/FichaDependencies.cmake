# Libraries the core is built on. hiredis is always linked statically and under names of its own, so that it never meets
# another copy in the process; msgpack-cxx, toml++ and nlohmann-json are headers only. None shows in a public header.

find_package(OpenSSL 3.0 REQUIRED)
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)

set(ficha_deps_default "$ENV{FICHA_DEPS_PREFIX}")
if(NOT ficha_deps_default)
  set(ficha_deps_default "$ENV{XDG_CACHE_HOME}")
  if(NOT ficha_deps_default)
    set(ficha_deps_default "$ENV{HOME}/.cache")
  endif()
  string(APPEND ficha_deps_default "/ficha/deps")
endif()
set(FICHA_DEPS_PREFIX "${ficha_deps_default}" CACHE PATH "Where packaging/setup builds what the distribution lacks")

# hiredis: the machine's own where it is new enough, else the one that packaging/setup built.
pkg_check_modules(FICHA_HIREDIS QUIET hiredis>=1.1)
if(NOT FICHA_HIREDIS_FOUND)
  set(ENV{PKG_CONFIG_PATH} "${FICHA_DEPS_PREFIX}/lib/pkgconfig:$ENV{PKG_CONFIG_PATH}")
  pkg_check_modules(FICHA_HIREDIS QUIET hiredis>=1.1)
endif()
if(NOT FICHA_HIREDIS_FOUND)
  message(FATAL_ERROR "hiredis >= 1.1 not found: run packaging/setup")
endif()

find_library(FICHA_HIREDIS_ARCHIVE libhiredis.a HINTS "${FICHA_HIREDIS_LIBDIR}" REQUIRED)
mark_as_advanced(FICHA_HIREDIS_ARCHIVE)

add_library(ficha_hiredis_headers INTERFACE)
target_include_directories(ficha_hiredis_headers SYSTEM INTERFACE "${FICHA_HIREDIS_INCLUDEDIR}")
add_library(ficha_hiredis STATIC IMPORTED)
set_target_properties(ficha_hiredis PROPERTIES IMPORTED_LOCATION "${FICHA_HIREDIS_ARCHIVE}")
target_link_libraries(ficha_hiredis INTERFACE ficha_hiredis_headers)

# What objcopy renames in a static libficha: "NAME ficha_NAME" for each symbol that hiredis defines.
set(FICHA_HIREDIS_RENAMES "${PROJECT_BINARY_DIR}/hiredis.renames")
execute_process(
  COMMAND ${CMAKE_NM} --extern-only --defined-only "${FICHA_HIREDIS_ARCHIVE}"
  OUTPUT_VARIABLE ficha_hiredis_symbols COMMAND_ERROR_IS_FATAL ANY)
string(REGEX MATCHALL "[0-9a-f]+ [A-Z] [A-Za-z0-9_]+" ficha_hiredis_symbols "${ficha_hiredis_symbols}")
list(TRANSFORM ficha_hiredis_symbols REPLACE "^.* " "")
list(TRANSFORM ficha_hiredis_symbols REPLACE "(.+)" "\\1 ficha_\\1")
list(JOIN ficha_hiredis_symbols "\n" ficha_hiredis_symbols)
file(CONFIGURE OUTPUT "${FICHA_HIREDIS_RENAMES}" CONTENT "${ficha_hiredis_symbols}\n")

# The header-only libraries and the modes they are used in: no exceptions from toml++, no Boost in msgpack-cxx.
find_path(FICHA_MSGPACK_INCLUDE msgpack.hpp REQUIRED)
find_path(FICHA_TOMLPLUSPLUS_INCLUDE toml++/toml.h REQUIRED)
find_path(FICHA_JSON_INCLUDE nlohmann/json.hpp REQUIRED)
mark_as_advanced(FICHA_MSGPACK_INCLUDE FICHA_TOMLPLUSPLUS_INCLUDE FICHA_JSON_INCLUDE)
add_library(ficha_header_libraries INTERFACE)
target_include_directories(ficha_header_libraries SYSTEM INTERFACE
  "${FICHA_MSGPACK_INCLUDE}" "${FICHA_TOMLPLUSPLUS_INCLUDE}" "${FICHA_JSON_INCLUDE}")
target_compile_definitions(ficha_header_libraries INTERFACE
  MSGPACK_NO_BOOST TOML_HEADER_ONLY=1 TOML_EXCEPTIONS=0)
