# Warnings, hardening and sanitizers, for every target of ours.
find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
endif()

set(CMAKE_CXX_FLAGS_RELEASE "-O2 -DNDEBUG")

add_library(vpclab_options INTERFACE)
target_compile_options(vpclab_options INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Wconversion
                                                -Wno-sign-conversion -Wno-missing-field-initializers
                                                -fstack-protector-strong)
# g++ 12 sees uninitialised, overlapping and overrun strings where there are none, once it optimises (GCC PR105562,
# PR105651, PR105329); what is really there the address sanitizer finds.
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  target_compile_options(vpclab_options INTERFACE -Wno-maybe-uninitialized -Wno-restrict -Wno-array-bounds
                                                  -Wno-stringop-overflow -Wno-stringop-overread)
endif()
if(VPCLAB_WERROR)
  target_compile_options(vpclab_options INTERFACE -Werror)
endif()
if(VPCLAB_SANITIZE)
  target_compile_options(vpclab_options INTERFACE -fsanitize=${VPCLAB_SANITIZE} -fno-omit-frame-pointer
                                                  -fno-sanitize-recover=all)
  target_link_options(vpclab_options INTERFACE -fsanitize=${VPCLAB_SANITIZE})
elseif(CMAKE_BUILD_TYPE STREQUAL "Release")
  target_compile_definitions(vpclab_options INTERFACE _FORTIFY_SOURCE=2)
endif()
target_include_directories(vpclab_options INTERFACE ${CMAKE_SOURCE_DIR}/src)
target_compile_definitions(vpclab_options INTERFACE VPCLAB_VERSION="${PROJECT_VERSION}")
find_package(Threads REQUIRED)
target_link_libraries(vpclab_options INTERFACE Threads::Threads)
