/* A library that crashes while it is being loaded. */
#include <stdlib.h>

__attribute__((constructor)) static void crash(void) { abort(); }
int nothing(void) { return 0; }
