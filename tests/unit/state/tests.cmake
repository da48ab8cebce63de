vpclab_test(unit state FILES ${CMAKE_CURRENT_LIST_DIR}/state_test.cc ${CMAKE_CURRENT_LIST_DIR}/parameters_test.cc
            ${CMAKE_CURRENT_LIST_DIR}/shared_test.cc
            ${CMAKE_CURRENT_LIST_DIR}/json_test.cc ${CMAKE_CURRENT_LIST_DIR}/neighbours_test.cc USES state)
