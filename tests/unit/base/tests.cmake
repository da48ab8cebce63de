vpclab_test(unit base FILES ${CMAKE_CURRENT_LIST_DIR}/text_test.cc ${CMAKE_CURRENT_LIST_DIR}/error_test.cc
            ${CMAKE_CURRENT_LIST_DIR}/frame_socket_test.cc ${CMAKE_CURRENT_LIST_DIR}/shared_string_test.cc
            ${CMAKE_CURRENT_LIST_DIR}/connecting_test.cc ${CMAKE_CURRENT_LIST_DIR}/json_shape_test.cc
            ${CMAKE_CURRENT_LIST_DIR}/file_test.cc ${CMAKE_CURRENT_LIST_DIR}/standard_streams_test.cc USES base)
