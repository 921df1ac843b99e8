# cmake -DINPUT=api.desc -DOUTPUT=api_descriptors.cc -P embed_descriptors.cmake: a file as a C++ array.
file(READ ${INPUT} bytes HEX)
string(LENGTH "${bytes}" digits)
math(EXPR size "${digits} / 2")
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
file(WRITE ${OUTPUT} "namespace memsim {
extern const unsigned char kApiDescriptors[];
extern const unsigned int kApiDescriptorsSize;
const unsigned char kApiDescriptors[] = {${bytes}};
const unsigned int kApiDescriptorsSize = ${size};
}  // namespace memsim
")
