/* Delegates of interfaces: what native code does with a _Delegate by its slots (R9.2). */
#include <stdint.h>

typedef void ***object;

/* IUnknown has three slots, IDispatch four, and DynamicInvoke is the eighth of _Delegate's own. */
enum { RELEASE = 2, DYNAMIC_INVOKE = 3 + 4 + 7 };

int32_t call_delegate(object delegate, void *arguments, void *result) {
    int32_t (*invoke)(object, void *, void *) = (int32_t (*)(object, void *, void *))(*delegate)[DYNAMIC_INVOKE];
    return invoke(delegate, arguments, result);
}

/* Takes the delegate away, as the caller of [in, out] allows. */
int32_t take_delegate(object *delegate) {
    if (*delegate != 0) {
        ((uint32_t (*)(object))(**delegate)[RELEASE])(*delegate);
    }
    *delegate = 0;
    return 0;
}
