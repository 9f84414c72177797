// A dispinterface that writes down what Invoke is given (R14.22), and fails in every way that Invoke can (R14.23).
#include "counted.h"
#include "factory.h"
#include "faces.h"
#include "names.h"

#include <cstdio>
#include <string>

namespace {
enum { DEFAULT = 0, METHOD = 1, X = 2, ITEM = 3, TRACE = 20, FAIL = 30, RAISE = 31, RAISE_LATE = 32, RAISE_WORD = 33, TELL = 34,
       SET_REF = 40, FIRST = 100, SECOND = 101 };
const Name NAMES[] = {{"method", METHOD}, {"x", X}, {"item", ITEM}, {"trace", TRACE}, {"fail", FAIL}, {"raise", RAISE},
                      {"raiselate", RAISE_LATE}, {"raiseword", RAISE_WORD}, {"tell", TELL}, {"setref", SET_REF}, {"first", FIRST},
                      {"second", SECOND}};

std::string shown(const VARIANT &value)
{
    char text[80];
    switch (value.vt) {
    case VT_EMPTY: return "EMPTY";
    case VT_I4: snprintf(text, sizeof text, "I4 %d", value.i4); return text;
    case VT_R8: snprintf(text, sizeof text, "R8 %g", value.r8); return text;
    case VT_BOOL: return value.truth ? "BOOL true" : "BOOL false";
    case VT_ERROR: return value.i4 == DISP_E_PARAMNOTFOUND ? "MISSING" : "ERROR";
    case VT_BSTR: {
        char ascii[64];
        spelled(value.bstr, ascii, sizeof ascii);
        return std::string("BSTR ") + ascii;
    }
    case VT_DISPATCH: return value.dispatch ? "DISPATCH" : "DISPATCH null";
    case VT_UNKNOWN: return value.unknown ? "UNKNOWN" : "UNKNOWN null";
    }
    snprintf(text, sizeof text, "vt %d", value.vt);
    return text;
}

void fill(EXCEPINFO *exception, const char *description)
{
    exception->bstrSource = bstr("recorder");
    exception->bstrDescription = bstr(description);
    exception->bstrHelpFile = bstr("recorder.chm");
    exception->dwHelpContext = 42;
}
HRESULT fill_later(EXCEPINFO *exception)
{
    fill(exception, "filled in later");
    exception->scode = (HRESULT)0x80040321;
    return S_OK;
}

class Recorder final : public IDispatch, public ISupportErrorInfo, public Counted {
public:
    NAMED(Recorder)
    COUNTED
    void *find(const GUID &iid) override { return iid == IID_DRecorder ? face<IDispatch>(this) : offered<IDispatch, ISupportErrorInfo>(this, iid); }
    UNTYPED

    HRESULT InterfaceSupportsErrorInfo(const GUID &iid) override { CALL; return iid == IDispatch::IID && supports ? S_OK : S_FALSE; }

    HRESULT GetIDsOfNames(const GUID &, OLECHAR **names, uint32_t count, LCID, DISPID *ids) override
    {
        CALL;
        return ids_of(NAMES, sizeof NAMES / sizeof *NAMES, names, count, ids);
    }
    HRESULT Invoke(DISPID id, const GUID &iid, LCID lcid, uint16_t flags, DISPPARAMS *params, VARIANT *result,
                   EXCEPINFO *exception, uint32_t *wrong) override
    {
        CALL;
        if (iid != NONE) return DISP_E_UNKNOWNINTERFACE;
        VARIANT *last = params->cArgs ? &params->rgvarg[params->cArgs - 1] : nullptr;
        switch (id) {
        case TRACE:
            if (result) { result->vt = VT_BSTR; result->bstr = bstr(trace.c_str()); }
            return S_OK;
        case FAIL:
            // Fail(code, index): that HRESULT, and the place that puArgErr shall name.
            if (params->cArgs != 2 || last->vt != VT_I4) return DISP_E_BADPARAMCOUNT;
            if (wrong) *wrong = params->rgvarg[0].i4;
            return last->i4;
        case RAISE:
            fill(exception, "raised");
            exception->scode = last ? last->i4 : E_FAIL;
            return DISP_E_EXCEPTION;
        case RAISE_LATE:
            exception->pfnDeferredFillIn = fill_later;
            return DISP_E_EXCEPTION;
        case RAISE_WORD:
            fill(exception, "a word");
            exception->wCode = 1001;
            return DISP_E_EXCEPTION;
        case TELL:
            // Tell(code, yes): leaves the error of the thread and no EXCEPINFO, and says whether it does so.
            if (params->cArgs != 2 || last->vt != VT_I4) return DISP_E_BADPARAMCOUNT;
            supports = params->rgvarg[0].i4;
            tell_error("told by the thread");
            return last->i4;
        case SET_REF:
            if (!last || last->vt != (VT_BYREF | VT_I4)) return DISP_E_TYPEMISMATCH;
            *last->i4_ref += 1;
            return S_OK;
        }
        write(id, lcid, flags, params, result);
        if (result) { result->vt = VT_I4; result->i4 = (int32_t)params->cArgs; }
        return id == DEFAULT || (id >= METHOD && id <= ITEM) || id >= 1000 ? S_OK : DISP_E_MEMBERNOTFOUND;
    }

private:
    // "id 1, flags 3, args 2, named 0: I4 2, I4 1": as the array has them, so in reverse.
    void write(DISPID id, LCID lcid, uint16_t flags, const DISPPARAMS *params, const VARIANT *result)
    {
        char text[120];
        snprintf(text, sizeof text, "id %d, flags %d, args %u, named %u%s%s", id, flags, params->cArgs, params->cNamedArgs,
                 result ? "" : ", no result", lcid ? ", lcid" : "");
        trace = text;
        for (uint32_t i = 0; i < params->cArgs; i++) {
            trace += i ? ", " : ": ";
            if (i < params->cNamedArgs) trace += "[" + std::to_string(params->rgdispidNamedArgs[i]) + "] ";
            trace += shown(params->rgvarg[i]);
        }
    }

    std::string trace;
    int32_t supports = 1;
};
}

HRESULT make_recorder(const GUID &iid, void **out) { return made<Recorder>(iid, out); }
