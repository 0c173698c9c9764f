# Writes the kernel files into a C file: cmake -DOUT=embedded_kernels.c -DFILES="a.h;b.cl" -P embed.cmake
# Bytes instead of string literals, because C11 promises only 4095 characters of a literal.
string(REPLACE "|" ";" FILES "${FILES}")
set(arrays "")
set(rows "")
set(i 0)
foreach(file IN LISTS FILES)
    get_filename_component(name "${file}" NAME)
    file(READ "${file}" hex HEX)
    string(REGEX REPLACE "(................................)" "\\1\n" hex "${hex}")
    string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," hex "${hex}")
    if(hex MATCHES "0x[89a-f]")
        message(FATAL_ERROR "${file}: kernels are plain ASCII; another byte was found")
    endif()
    string(APPEND arrays "static const char kernel_${i}[] = { /* ${name} */\n${hex}0};\n")
    string(APPEND rows "    {\"${name}\", kernel_${i}},\n")
    math(EXPR i "${i} + 1")
endforeach()
file(WRITE "${OUT}.new" "/* Written by cmake/embed.cmake. */
#include \"codegen/embedded.h\"

#include <stddef.h>
#include <string.h>

${arrays}
static const struct {
    const char *name, *text;
} kernels[] = {
${rows}    {NULL, NULL},
};

const char *km_embedded_kernel(const char *name)
{
    size_t i;

    for (i = 0; kernels[i].name != NULL; i++)
        if (strcmp(kernels[i].name, name) == 0)
            return kernels[i].text;
    return NULL;
}
")
file(RENAME "${OUT}.new" "${OUT}")
