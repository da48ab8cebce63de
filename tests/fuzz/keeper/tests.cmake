vpclab_fuzz(keeper_wire FILE ${CMAKE_CURRENT_LIST_DIR}/wire_fuzz.cc USES keeper
            CORPUS ${CMAKE_CURRENT_LIST_DIR}/corpus WORDS ${CMAKE_CURRENT_LIST_DIR}/words.dict)
