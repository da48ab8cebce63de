# Lines: what they do to packets, what crosses them and what must not. Each script in a private host (walk/sandbox.py).
# What they measure takes its time, and more on a machine that is busy with other tests.
find_program(VPCLAB_PYTHON python3 REQUIRED)
foreach(script impaired matrix link_set eip_router shared_border same_addresses path_mtu tunnel_dies)
  add_test(NAME e2e.${script} COMMAND ${VPCLAB_PYTHON} -B ${CMAKE_CURRENT_LIST_DIR}/${script}.py)
  set_tests_properties(e2e.${script} PROPERTIES LABELS e2e TIMEOUT 900 SKIP_RETURN_CODE 77
                       ENVIRONMENT "VPCLAB_BIN_DIR=${CMAKE_BINARY_DIR}/bin;PYTHONPATH=${CMAKE_CURRENT_LIST_DIR}/../walk")
endforeach()
# Seconds on a machine with nothing else to do: the longest begin first, so that nothing waits for them at the end.
set_tests_properties(e2e.impaired PROPERTIES COST 140)
set_tests_properties(e2e.path_mtu PROPERTIES COST 60)
set_tests_properties(e2e.matrix PROPERTIES COST 12)
