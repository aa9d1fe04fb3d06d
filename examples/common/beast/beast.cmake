# Boost.Beast and nlohmann-json for the example services, with what they share: target_link_libraries(… ficha_beast).
include_guard(GLOBAL)

if(NOT TARGET ficha::ficha)
  find_package(ficha REQUIRED)
endif()
find_package(Threads REQUIRED)
find_path(FICHA_BEAST_BOOST_INCLUDE boost/beast.hpp REQUIRED)
find_path(FICHA_BEAST_JSON_INCLUDE nlohmann/json.hpp REQUIRED)
mark_as_advanced(FICHA_BEAST_BOOST_INCLUDE FICHA_BEAST_JSON_INCLUDE)

add_library(ficha_beast INTERFACE)
target_compile_features(ficha_beast INTERFACE cxx_std_20)
target_include_directories(ficha_beast INTERFACE "${CMAKE_CURRENT_LIST_DIR}")
target_include_directories(ficha_beast SYSTEM INTERFACE "${FICHA_BEAST_BOOST_INCLUDE}" "${FICHA_BEAST_JSON_INCLUDE}")
target_link_libraries(ficha_beast INTERFACE ficha::ficha Threads::Threads)
