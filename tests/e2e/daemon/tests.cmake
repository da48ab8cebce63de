# The daemon from outside: what clients may do to it. Each script in a private host of its own (walk/sandbox.py).
find_program(VPCLAB_PYTHON python3 REQUIRED)
foreach(script at_once background clients usage stopped_check group as_caller foreign healing heal_itself ip_netns observed reboot only_our_own)
  add_test(NAME e2e.${script} COMMAND ${VPCLAB_PYTHON} -B ${CMAKE_CURRENT_LIST_DIR}/${script}.py)
  set_tests_properties(e2e.${script} PROPERTIES LABELS e2e TIMEOUT 900 SKIP_RETURN_CODE 77
                       ENVIRONMENT "VPCLAB_BIN_DIR=${CMAKE_BINARY_DIR}/bin;PYTHONPATH=${CMAKE_CURRENT_LIST_DIR}/../walk")
endforeach()
