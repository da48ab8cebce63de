vpclab_test(unit impairment FILES ${CMAKE_CURRENT_LIST_DIR}/compile_test.cc ${CMAKE_CURRENT_LIST_DIR}/link_change_test.cc
            USES daemon)
