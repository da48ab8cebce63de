vpclab_test(unit compile FILES ${CMAKE_CURRENT_LIST_DIR}/allocate_test.cc ${CMAKE_CURRENT_LIST_DIR}/golden_test.cc ${CMAKE_CURRENT_LIST_DIR}/route_table_test.cc USES compile plan)
