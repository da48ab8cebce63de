vpclab_test(unit entry FILES ${CMAKE_CURRENT_LIST_DIR}/entry_test.cc USES entry)
