vpclab_test(unit net FILES ${CMAKE_CURRENT_LIST_DIR}/net_test.cc USES net)
