vpclab_test(unit plan FILES ${CMAKE_CURRENT_LIST_DIR}/diff_test.cc ${CMAKE_CURRENT_LIST_DIR}/disturbance_test.cc
           ${CMAKE_CURRENT_LIST_DIR}/outdated_test.cc ${CMAKE_CURRENT_LIST_DIR}/policy_test.cc
           ${CMAKE_CURRENT_LIST_DIR}/property_test.cc USES plan compile fake TIMEOUT 300)
