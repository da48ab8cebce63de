vpclab_test(unit http FILES ${CMAKE_CURRENT_LIST_DIR}/head_test.cc ${CMAKE_CURRENT_LIST_DIR}/chunk_decoder_test.cc
                            ${CMAKE_CURRENT_LIST_DIR}/blocking_test.cc ${CMAKE_CURRENT_LIST_DIR}/field_test.cc USES http)
