# The harness is a libFuzzer target (LLVMFuzzerTestOneInput). Built by clang with -DVPCLAB_LIBFUZZER=ON it is driven by
# libFuzzer with address and undefined sanitizers; by any other compiler it runs under a small driver of our own, which
# mutates the corpus for a few seconds.
option(VPCLAB_LIBFUZZER "Drive the fuzz harnesses by libFuzzer (clang)" OFF)
foreach(target head chunks)
  add_executable(fuzz_http_${target} ${CMAKE_CURRENT_LIST_DIR}/${target}_fuzz.cc)
  target_link_libraries(fuzz_http_${target} PRIVATE vpclab_http)
  set_target_properties(fuzz_http_${target} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  if(VPCLAB_LIBFUZZER)
    target_compile_options(fuzz_http_${target} PRIVATE -fsanitize=fuzzer,address,undefined)
    target_link_options(fuzz_http_${target} PRIVATE -fsanitize=fuzzer,address,undefined)
    set(arguments -max_total_time=5 -max_len=8192)
  else()
    target_sources(fuzz_http_${target} PRIVATE ${CMAKE_CURRENT_LIST_DIR}/driver.cc)
    set(arguments --seconds=3)
  endif()
  # libFuzzer writes what it finds into the first directory, so the kept corpus comes second.
  file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/tests/fuzz_http_${target}_corpus)
  add_dependencies(tests_fuzz fuzz_http_${target})
  add_test(NAME fuzz.http_${target}
           COMMAND fuzz_http_${target} ${arguments} ${CMAKE_BINARY_DIR}/tests/fuzz_http_${target}_corpus
                   ${CMAKE_CURRENT_LIST_DIR}/corpus/${target})
  set_tests_properties(fuzz.http_${target} PROPERTIES LABELS fuzz TIMEOUT 60)
endforeach()
