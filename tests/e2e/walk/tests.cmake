# The tutorial from outside, each script in a private host of its own (sandbox.py). The time limit is against hanging:
# where processors are emulated, a script takes up to five minutes.
find_program(VPCLAB_PYTHON python3 REQUIRED)
foreach(script again balancer by_hand container down forward killed labs minimal nodes scripts tenants unapplied untracked unreached walk)
  add_test(NAME e2e.${script} COMMAND ${VPCLAB_PYTHON} -B ${CMAKE_CURRENT_LIST_DIR}/${script}.py)
  set_tests_properties(e2e.${script} PROPERTIES LABELS e2e TIMEOUT 900 SKIP_RETURN_CODE 77
                       ENVIRONMENT VPCLAB_BIN_DIR=${CMAKE_BINARY_DIR}/bin)
endforeach()

# The short version of the benchmark of many servers: its results, not its times.
add_test(NAME e2e.scale COMMAND ${VPCLAB_PYTHON} -B ${CMAKE_SOURCE_DIR}/tests/bench/scale/scale.py --rounds 1 30)
set_tests_properties(e2e.scale PROPERTIES LABELS e2e TIMEOUT 900 SKIP_RETURN_CODE 77
                     ENVIRONMENT VPCLAB_BIN_DIR=${CMAKE_BINARY_DIR}/bin)
