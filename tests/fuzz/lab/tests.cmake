vpclab_fuzz(lab FILE ${CMAKE_CURRENT_LIST_DIR}/lab_fuzz.cc USES lab compile
            CORPUS ${CMAKE_CURRENT_LIST_DIR}/corpus WORDS ${CMAKE_CURRENT_LIST_DIR}/words.dict)
