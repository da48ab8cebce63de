vpclab_fuzz(api FILE ${CMAKE_CURRENT_LIST_DIR}/request_fuzz.cc USES api
            CORPUS ${CMAKE_CURRENT_LIST_DIR}/corpus WORDS ${CMAKE_CURRENT_LIST_DIR}/words.dict)
