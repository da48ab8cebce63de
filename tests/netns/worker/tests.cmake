vpclab_test(netns worker FILES ${CMAKE_CURRENT_LIST_DIR}/break_out_test.cc USES worker)
