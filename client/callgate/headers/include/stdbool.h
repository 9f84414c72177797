/* A stand-in for a compiler's own header, on machines without a compiler. */
#ifndef CALLGATE_STDBOOL_H
#define CALLGATE_STDBOOL_H
#define bool _Bool
#define true 1
#define false 0
#define __bool_true_false_are_defined 1
#endif
