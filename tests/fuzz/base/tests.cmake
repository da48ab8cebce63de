vpclab_fuzz(frames FILE ${CMAKE_CURRENT_LIST_DIR}/frames_fuzz.cc USES base CORPUS ${CMAKE_CURRENT_LIST_DIR}/corpus)
