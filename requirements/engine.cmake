# Read by CMake after the project command of llama-cpp-python (CMAKE_PROJECT_llama_cpp_INCLUDE, see engine.py).
#
# Its build asks for llama.cpp's "common" library by force, which only llama.cpp's own programs use: a third of the
# compilation, and a link to OpenSSL where the machine has its headers. A normal variable goes before the cache's.
set(LLAMA_BUILD_COMMON OFF)
