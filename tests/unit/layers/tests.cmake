find_program(VPCLAB_PYTHON python3 REQUIRED)
add_test(NAME unit.layers COMMAND ${VPCLAB_PYTHON} ${CMAKE_CURRENT_LIST_DIR}/check_layers.py ${CMAKE_SOURCE_DIR}/src)
add_test(NAME unit.layers-check COMMAND ${VPCLAB_PYTHON} -B ${CMAKE_CURRENT_LIST_DIR}/check_layers_test.py)
set_tests_properties(unit.layers unit.layers-check PROPERTIES LABELS unit TIMEOUT 60)
