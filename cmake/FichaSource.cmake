# Lets another project's find_package(ficha) take this folder's sources, built with that project:
# cmake -DCMAKE_PROJECT_TOP_LEVEL_INCLUDES=…/cmake/FichaSource.cmake
include(FetchContent)
FetchContent_Declare(ficha SOURCE_DIR "${CMAKE_CURRENT_LIST_DIR}/.." OVERRIDE_FIND_PACKAGE)
