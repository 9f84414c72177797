/* A library that crashes while it is being loaded. */
__attribute__((constructor)) static void crash(void) { *(volatile int *)0 = 1; }
int nothing(void) { return 0; }
