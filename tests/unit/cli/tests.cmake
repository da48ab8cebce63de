vpclab_test(unit cli FILES ${CMAKE_CURRENT_LIST_DIR}/relay_test.cc USES cli)
