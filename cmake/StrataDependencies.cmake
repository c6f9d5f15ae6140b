# Everything that comes from outside, in one place; docs/dependencies.md says why each is here.
find_package(Threads REQUIRED)
find_package(Boost 1.81 REQUIRED)
find_package(Eigen3 3.4 REQUIRED NO_MODULE)
find_package(OpenSSL 3 REQUIRED)
find_package(nlohmann_json 3.11 REQUIRED)
find_package(spdlog REQUIRED)
find_package(fmt REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(SQLite3 REQUIRED)
find_package(Protobuf 3.21 REQUIRED)
find_package(ZLIB REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(SECCOMP REQUIRED IMPORTED_TARGET libseccomp)
pkg_check_modules(LIBARCHIVE REQUIRED IMPORTED_TARGET libarchive)
pkg_check_modules(UTF8PROC REQUIRED IMPORTED_TARGET libutf8proc)
if(STRATA_TESTS)
  find_package(GTest REQUIRED)
endif()

# strata_dependency(NAME SHARED [ARCHIVE]) - the library strata_NAME: the imported target SHARED, and in a program with
# the property STRATA_STATIC the static library ARCHIVE, or nothing.
function(strata_dependency name shared)
  set(archive "")
  if(ARGN)
    find_library(STRATA_ARCHIVE_${name} NAMES ${ARGN})
    set(archive $<$<BOOL:${STRATA_ARCHIVE_${name}}>:${STRATA_ARCHIVE_${name}}>)
  endif()
  add_library(strata_${name} INTERFACE)
  target_link_libraries(strata_${name} INTERFACE $<IF:$<BOOL:$<TARGET_PROPERTY:STRATA_STATIC>>,${archive},${shared}>)
endfunction()
strata_dependency(ssl OpenSSL::SSL libssl.a)
strata_dependency(crypto OpenSSL::Crypto libcrypto.a)
strata_dependency(yaml yaml-cpp libyaml-cpp.a)
strata_dependency(seccomp PkgConfig::SECCOMP libseccomp.a)
strata_dependency(protobuf protobuf::libprotobuf-lite libprotobuf-lite.a)
strata_dependency(archive PkgConfig::LIBARCHIVE libarchive.a)
# Debian has no static ones: a program that logs is linked against shared libraries.
strata_dependency(spdlog spdlog::spdlog)
strata_dependency(fmt fmt::fmt)

# Flags and definitions that every target of ours shares.
add_library(strata_options INTERFACE)
target_compile_options(strata_options INTERFACE -Wall -Wextra -Werror -Wpedantic -Wno-missing-field-initializers
                       -fno-omit-frame-pointer)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # gcc 12 reports false positives of these in libstdc++ and Asio when optimising.
  target_compile_options(strata_options INTERFACE -fcoroutines -Wno-restrict -Wno-maybe-uninitialized
                         -Wno-dangling-pointer -Wno-array-bounds -Wno-stringop-overflow -Wno-stringop-overread -Wno-mismatched-new-delete)
endif()
target_compile_definitions(strata_options INTERFACE
  BOOST_ASIO_SEPARATE_COMPILATION BOOST_BEAST_SEPARATE_COMPILATION BOOST_ASIO_NO_DEPRECATED
  STRATA_VERSION="${PROJECT_VERSION}")
target_link_libraries(strata_options INTERFACE Threads::Threads Boost::headers)
if(STRATA_SANITIZE)
  target_compile_options(strata_options INTERFACE -fsanitize=${STRATA_SANITIZE} -fno-sanitize-recover=all -g)
  target_link_options(strata_options INTERFACE -fsanitize=${STRATA_SANITIZE})
endif()

# The Rust static library, built by cargo outside CMake (make native); its folder is passed in.
set(STRATA_NATIVE_DIR "" CACHE PATH "folder of libstrata_native.a and include/")
if(STRATA_NATIVE_DIR)
  add_library(strata_native STATIC IMPORTED GLOBAL)
  set_target_properties(strata_native PROPERTIES IMPORTED_LOCATION ${STRATA_NATIVE_DIR}/libstrata_native.a)
  target_include_directories(strata_native INTERFACE ${CMAKE_SOURCE_DIR}/native/include)
  target_link_libraries(strata_native INTERFACE Threads::Threads dl m)
endif()

find_program(STRATA_MOLD mold)
if(STRATA_MOLD)
  add_link_options(-fuse-ld=mold)
endif()
