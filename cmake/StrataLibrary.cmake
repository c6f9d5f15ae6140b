# strata_library(NAME [SOURCES ...] [DEPENDS ...] [TESTS ...] [TEST_DEPENDS ...])
#
# Makes the library strata_NAME from the folder it is called in, and one test program strata_NAME_test
# from TESTS. DEPENDS are other folders of ours (by folder name, '/' becomes '_') or imported targets.
function(strata_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPENDS;TESTS;TEST_DEPENDS" ${ARGN})
  set(target strata_${name})
  add_library(${target} STATIC ${ARG_SOURCES})
  target_include_directories(${target} PUBLIC ${CMAKE_SOURCE_DIR}/src)
  target_link_libraries(${target} PUBLIC strata_options ${ARG_DEPENDS})
  if(STRATA_TESTS AND ARG_TESTS)
    strata_test(${target}_test SOURCES ${ARG_TESTS} DEPENDS ${target} ${ARG_TEST_DEPENDS})
  endif()
endfunction()

# strata_test(NAME SOURCES ... DEPENDS ... [LABELS ...]) - a GoogleTest program known to ctest.
function(strata_test name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPENDS;LABELS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE ${ARG_DEPENDS} strata_options GTest::gmock GTest::gtest_main)
  if(NOT ARG_LABELS)
    set(ARG_LABELS unit)
  endif()
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES LABELS "${ARG_LABELS}" TIMEOUT 300)
endfunction()

# strata_under_tsan(TEST FILTER) - the cases (a GoogleTest filter) of a test that make sense under the thread
# sanitizer. It knows nothing of the synchronisation in Wasmtime's compiler threads, which are not instrumented, holds
# the tick's signal back while a guest computes, and has a thread of its own where a system call allows one only.
function(strata_under_tsan test filter)
  if(STRATA_SANITIZE STREQUAL "thread" AND TEST ${test})
    set_property(TEST ${test} APPEND PROPERTY ENVIRONMENT "GTEST_FILTER=${filter}")
  endif()
endfunction()

# strata_agent_program(TEST) - defines STRATA_AGENT_PROGRAM for a test: where strata-agent is; empty in a build
# without it.
function(strata_agent_program test)
  if(TARGET strata-agent)
    target_compile_definitions(${test} PRIVATE STRATA_AGENT_PROGRAM="$<TARGET_FILE:strata-agent>")
    add_dependencies(${test} strata-agent)
  else()
    target_compile_definitions(${test} PRIVATE STRATA_AGENT_PROGRAM="")
  endif()
endfunction()
