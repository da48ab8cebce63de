# Labs at random, for some seconds only; in a private host (walk/sandbox.py).
find_program(VPCLAB_PYTHON python3 REQUIRED)
add_test(NAME e2e.random_labs COMMAND ${VPCLAB_PYTHON} -B ${CMAKE_CURRENT_LIST_DIR}/random_labs.py)
set_tests_properties(e2e.random_labs PROPERTIES LABELS e2e COST 30 TIMEOUT 900 SKIP_RETURN_CODE 77
                     ENVIRONMENT "VPCLAB_BIN_DIR=${CMAKE_BINARY_DIR}/bin;PYTHONPATH=${CMAKE_CURRENT_LIST_DIR}/../walk")
