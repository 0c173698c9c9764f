/* The files under kernels/, carried in the program (cmake/embed.cmake writes the text at build
 * time). */
#ifndef KM_CODEGEN_EMBEDDED_H
#define KM_CODEGEN_EMBEDDED_H

/* Text of a kernel file by its name ("real.h"), or NULL if there is none. Borrowed. */
const char *km_embedded_kernel(const char *name);

#endif
