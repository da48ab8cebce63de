# Our worker beside HAProxy and nginx, on 127.0.0.1 of a private host (walk/sandbox.py).
find_program(VPCLAB_PYTHON python3 REQUIRED)
foreach(script conformance differential changes)
  add_test(NAME e2e.${script} COMMAND ${VPCLAB_PYTHON} -B ${CMAKE_CURRENT_LIST_DIR}/${script}.py)
  set_tests_properties(e2e.${script} PROPERTIES LABELS e2e TIMEOUT 900 SKIP_RETURN_CODE 77
                       ENVIRONMENT "VPCLAB_BIN_DIR=${CMAKE_BINARY_DIR}/bin;PYTHONPATH=${CMAKE_CURRENT_LIST_DIR}/../walk")
endforeach()
