vpclab_test(unit state_json FILES ${CMAKE_CURRENT_LIST_DIR}/process_json_test.cc USES state)
