vpclab_test(unit kernel FILES ${CMAKE_CURRENT_LIST_DIR}/wg_test.cc ${CMAKE_CURRENT_LIST_DIR}/hearing_test.cc
            ${CMAKE_CURRENT_LIST_DIR}/threads_test.cc USES kernel)
