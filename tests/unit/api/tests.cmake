vpclab_test(unit api FILES ${CMAKE_CURRENT_LIST_DIR}/codec_test.cc ${CMAKE_CURRENT_LIST_DIR}/command_test.cc USES api)
