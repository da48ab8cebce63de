vpclab_test(unit kernel FILES ${CMAKE_CURRENT_LIST_DIR}/wg_test.cc USES kernel)
