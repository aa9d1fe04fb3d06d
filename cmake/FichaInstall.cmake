# install: headers, the library, and the files by which find_package(ficha) and pkg-config find it.

include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

install(TARGETS ficha EXPORT ficha-targets
  ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}"
  LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}")
install(DIRECTORY "${PROJECT_SOURCE_DIR}/core/include/ficha" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
install(FILES "${PROJECT_SOURCE_DIR}/LICENSE" DESTINATION "${CMAKE_INSTALL_DOCDIR}")

set(ficha_package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/ficha")
install(EXPORT ficha-targets NAMESPACE ficha:: DESTINATION "${ficha_package_dir}")
configure_package_config_file(
  "${PROJECT_SOURCE_DIR}/packaging/ficha-config.cmake.in" "${PROJECT_BINARY_DIR}/ficha-config.cmake"
  INSTALL_DESTINATION "${ficha_package_dir}")
write_basic_package_version_file("${PROJECT_BINARY_DIR}/ficha-config-version.cmake" COMPATIBILITY SameMinorVersion)
install(FILES "${PROJECT_BINARY_DIR}/ficha-config.cmake" "${PROJECT_BINARY_DIR}/ficha-config-version.cmake"
  DESTINATION "${ficha_package_dir}")

# A static libficha leaves OpenSSL and threads to whoever links it; a shared one has them already.
if(BUILD_SHARED_LIBS)
  set(FICHA_PC_REQUIRES_PRIVATE "libssl libcrypto")
  set(FICHA_PC_REQUIRES "")
  set(FICHA_PC_LIBS "-lficha")
else()
  set(FICHA_PC_REQUIRES_PRIVATE "")
  set(FICHA_PC_REQUIRES "libssl libcrypto")
  set(FICHA_PC_LIBS "-lficha -pthread")
endif()
file(RELATIVE_PATH FICHA_PC_PREFIX "${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig" "${CMAKE_INSTALL_PREFIX}")
configure_file("${PROJECT_SOURCE_DIR}/packaging/ficha.pc.in" "${PROJECT_BINARY_DIR}/ficha.pc" @ONLY)
install(FILES "${PROJECT_BINARY_DIR}/ficha.pc" DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
