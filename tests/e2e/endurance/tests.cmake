# A load balancer under load, faults and changes, for some seconds only; in a private host (walk/sandbox.py).
find_program(VPCLAB_PYTHON python3 REQUIRED)
add_test(NAME e2e.endurance COMMAND ${VPCLAB_PYTHON} -B ${CMAKE_CURRENT_LIST_DIR}/endurance.py 8 1)
set_tests_properties(e2e.endurance PROPERTIES LABELS e2e COST 20 TIMEOUT 900 SKIP_RETURN_CODE 77
                     ENVIRONMENT "VPCLAB_BIN_DIR=${CMAKE_BINARY_DIR}/bin;PYTHONPATH=${CMAKE_CURRENT_LIST_DIR}/../walk")
