/* Ctrl-C (SIGINT, SIGTERM): what is at hand is finished; a second one ends the program at once. */
#ifndef KM_CLI_INTERRUPT_H
#define KM_CLI_INTERRUPT_H

#include <stdbool.h>

/* From here on; `words` (a literal) say what is being finished. */
void km_interrupt_catch(const char *words);
bool km_interrupted(void);

#endif
