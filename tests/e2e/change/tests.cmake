# Changes of a lab: what a plan promises, what fails in the middle of the first, what others change. Each script in a
# private host of its own (walk/sandbox.py).
find_program(VPCLAB_PYTHON python3 REQUIRED)
foreach(script plan_file first_apply properties drift remembered unheard taken_over)
  add_test(NAME e2e.${script} COMMAND ${VPCLAB_PYTHON} -B ${CMAKE_CURRENT_LIST_DIR}/${script}.py)
  set_tests_properties(e2e.${script} PROPERTIES LABELS e2e TIMEOUT 900 SKIP_RETURN_CODE 77
                       ENVIRONMENT "VPCLAB_BIN_DIR=${CMAKE_BINARY_DIR}/bin;PYTHONPATH=${CMAKE_CURRENT_LIST_DIR}/../walk")
endforeach()
